"""Clients of an instance: what speaks to its Kafka for people, in the terminal and on the page."""
