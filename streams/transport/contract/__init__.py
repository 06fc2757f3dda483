"""What the transport asks of a machine, and what it does when something is wrong."""
