"""What a test is told when something did not go as it expects."""


class GhostfillTestError(AssertionError):
    """A test fails by it, and says so."""


class NotReadError(GhostfillTestError):
    """What was published went to the dead letters; says what was wrong with it."""


class NothingCameError(GhostfillTestError):
    """What was waited for did not come; says what came instead."""
