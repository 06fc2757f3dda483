"""What a fill costs in commission."""

from streams.engine.settings import Commission
from streams.engine.units import ONE, half_even


def parts_of(terms: Commission, price: int, quantity: int, *, maker: bool, first: bool) -> int:
    """What one fill of an order costs before the minimum; the part per order falls due on its first."""
    special = terms.maker_rate if maker else terms.taker_rate
    rate = terms.rate if special is None else special
    fee = terms.per_order if first else 0
    if terms.per_share:
        fee += half_even(terms.per_share * quantity, ONE)
    if rate:
        fee += half_even(price * quantity * rate, ONE * ONE)
    return fee


def expected_fee(terms: Commission, price: int, quantity: int) -> int:
    """The fee of a whole order filled at once as a taker."""
    return max(parts_of(terms, price, quantity, maker=False, first=True), terms.minimum)
