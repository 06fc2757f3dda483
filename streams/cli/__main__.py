"""`python -m streams.cli` is `ghostfill`."""

from streams.cli import main

main()
