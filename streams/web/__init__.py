"""The page and the API: what happens, live, and what a person may do about it."""
