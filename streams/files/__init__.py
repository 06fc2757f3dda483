"""Files of market data, signals and commands in; files of results out."""
