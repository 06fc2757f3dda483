"""What a shard reads: its inbox, and the markets of its process."""
