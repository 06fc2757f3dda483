"""Commands that run Ghostfill or a part of it."""
