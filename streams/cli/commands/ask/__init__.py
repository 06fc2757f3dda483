"""Commands that ask about results."""
