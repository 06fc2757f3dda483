"""Backups: what the topics and the tables hold, as files, and back again with every offset as it was."""
