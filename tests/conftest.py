"""Random examples are the same in every run, so that a failure is the change's; `make test-long` looks further."""

from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True)
settings.load_profile("same")
