"""What an account does at a market record: whose turn it is, what may enter, and in which order (`step`)."""
