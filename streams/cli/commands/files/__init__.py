"""Commands that work on files alone, without Kafka."""
