"""What is said at the end: last words and statistics."""
