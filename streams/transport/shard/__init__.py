"""A shard's life: taken over, folded behind barriers, checkpointed, handed on."""
