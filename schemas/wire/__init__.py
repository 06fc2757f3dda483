"""Messages as bytes: Avro, JSON, and what a schema registry puts before them."""
