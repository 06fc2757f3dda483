"""The trading engine: deterministic, without I/O, clock or Kafka."""
