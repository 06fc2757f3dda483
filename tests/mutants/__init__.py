"""What no test sees: the code with one small change, and the tests run against it."""
