"""What a fill costs in commission."""

from streams.engine.settings import Commission
from streams.engine.units import ONE, half_even


def fee_of(terms: Commission, price: int, quantity: int, *, maker: bool, paid: int, first: bool) -> int:
    """The fee of one fill of an order that paid `paid` before; the part per order falls due on its first."""
    special = terms.maker_rate if maker else terms.taker_rate
    rate = terms.rate if special is None else special
    fee = terms.per_order if first else 0
    if terms.per_share:
        fee += half_even(terms.per_share * quantity, ONE)
    if rate:
        fee += half_even(price * quantity * rate, ONE * ONE)
    if terms.minimum:
        fee = max(fee, terms.minimum - paid)
    return fee


def expected_fee(terms: Commission, price: int, quantity: int) -> int:
    """The fee of a whole order filled at once as a taker."""
    return fee_of(terms, price, quantity, maker=False, paid=0, first=True)
