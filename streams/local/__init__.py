"""What an instance needs on one machine: its home, its Kafka, and who keeps its parts running."""
