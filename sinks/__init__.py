"""Results, from topics to ClickHouse."""
