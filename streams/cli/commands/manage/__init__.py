"""Commands that check and set up."""
