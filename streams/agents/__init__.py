"""Thin Faust shells around the engine."""
