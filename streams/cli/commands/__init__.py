"""The subcommands of `ghostfill`, a room for each group of its help."""
