"""A ClickHouse: how to speak to it, and bringing it to what this version writes and asks."""
