"""ClickHouse's HTTP protocol over the embedded engine."""
