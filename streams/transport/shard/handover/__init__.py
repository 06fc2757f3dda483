"""How a shard comes from one owner to the next."""
