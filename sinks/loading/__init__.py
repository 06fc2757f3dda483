"""From topics into tables, each record once."""
