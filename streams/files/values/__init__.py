"""Cells of files: numbers, dates, times, and what is wrong with them."""
