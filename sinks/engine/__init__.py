"""The embedded ClickHouse engine: it owns one folder, and nobody else may."""
