"""What a message is. Nothing else in the project knows bytes."""
