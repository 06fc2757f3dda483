"""Commands for what a person does by hand."""
