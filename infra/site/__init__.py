"""The site of the documentation: what is written in `docs`, and reference pages that are made of the code."""
