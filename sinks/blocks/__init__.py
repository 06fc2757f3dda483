"""Records as blocks that ClickHouse reads into columns, and the tables that they fill."""
