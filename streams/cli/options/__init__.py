"""What may stand on the command line."""
