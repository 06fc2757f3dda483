"""The dashboard: pages that the server renders, and their live changes."""
