"""A process that folds: its fleet of shards, what it tells of itself, and the second fold."""
