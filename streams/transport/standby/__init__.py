"""Folding along without owning, so as to go on at once."""
