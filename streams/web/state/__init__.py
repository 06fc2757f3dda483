"""What the page and the API know, kept up to date in memory, and what they ask ClickHouse."""
