"""Numbers, names and ids as they come in text."""
