"""What a fill costs in commission."""

from streams.engine.model.settings import Commission
from streams.engine.model.units import ONE, half_even


def parts_of(terms: Commission, price: int, quantity: int, *, maker: bool, first: bool) -> int:
    """What one fill of an order costs before the minimum; the part per order falls due on its first."""
    special = terms.maker_rate if maker else terms.taker_rate
    rate = terms.rate if special is None else special
    exact = terms.per_share * quantity * ONE + price * quantity * rate
    return (terms.per_order if first else 0) + half_even(exact, ONE * ONE)


def expected_fee(terms: Commission, price: int, quantity: int) -> int:
    """The fee of a whole order filled at once as a taker; nothing costs nothing."""
    if not quantity:
        return 0
    return max(parts_of(terms, price, quantity, maker=False, first=True), terms.minimum)
