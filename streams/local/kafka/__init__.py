"""The embedded Kafka: its jars, its settings, its topics."""
