"""Questions about the results, as files of SQL asked by name, and results piece by piece."""
