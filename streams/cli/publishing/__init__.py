"""What commands send to Kafka, and what comes back for it."""
