"""Accounts as people and programs see them: asked of the page, or read from the desk's table."""
