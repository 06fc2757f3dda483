"""Paper trading as a stream: the engine, and the shells around it."""
