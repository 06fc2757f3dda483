"""An account: what it holds and has waiting, and nothing that acts on it."""
