"""What who only reads may ask: named one by one, checked on the engine's own tree of a statement."""
