"""A made-up market without end, and the producers that watch it."""
