"""Numbers as people read them in tables."""

from decimal import Decimal


def decimal_cell(value: Decimal, least_digits: int = 0) -> str:
    """Exact, with thousands apart, without zeros that say nothing."""
    whole, _, digits = f"{value:,f}".partition(".")
    digits = digits.rstrip("0")
    digits = digits.ljust(least_digits, "0") if digits or least_digits else ""
    return f"{whole}.{digits}" if digits else whole


def two_digits(value: float | Decimal, *, sign: bool = False) -> str:
    """What reads 0 has no sign."""
    text = f"{value:+,.2f}" if sign else f"{value:,.2f}"
    return text if text.strip("+-0.") else "0.00"
