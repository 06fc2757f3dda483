"""Commands that send markets and signals."""
