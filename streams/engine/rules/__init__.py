"""Arithmetic that needs no account: sizes, prices, fees, where exits lie, what a position is worth."""
