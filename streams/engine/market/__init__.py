"""The market as accounts see it: which records count, and what may be asked of them."""
