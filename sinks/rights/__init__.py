"""What a read-only user may ask: named one by one, checked on the engine's own tree of a statement."""
