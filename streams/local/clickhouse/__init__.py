"""The embedded ClickHouse as a child process."""
