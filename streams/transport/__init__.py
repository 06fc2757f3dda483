"""Logs in, one exact fold of them, logs out. Knows no trading."""
