"""The report: how one account did, as a single HTML page that asks nothing of any network."""
