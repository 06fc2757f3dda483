"""A whole instance: what it is to run, its parts, and keeping them running."""
