"""Plain data and numbers: what an account is told, what it remembers, and in which units."""
