"""Commands that show what is going on."""
