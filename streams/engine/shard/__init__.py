"""Many accounts over one market: only those that a record concerns are stepped; put down as rows."""
