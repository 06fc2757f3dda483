"""The trading rules as tables: one line a case, with numbers worked by hand."""
