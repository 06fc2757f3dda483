"""An entry that asks for room, and what it gets.

Rules of this file: a computed quantity may be cut to fit; one that a signal or a person named is refused.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.engine.model.refusal import Refusal
from streams.engine.model.settings import Slice
from streams.engine.model.units import ONE, floor_to


class Request(NamedTuple):
    """An entry that asks for room."""

    symbol: str
    side: int
    price: int
    """What it is sized by."""
    quantity: int
    explicit: bool
    slices: tuple[Slice, ...]

    def of(self, quantity: int) -> Request:
        return self._replace(quantity=quantity)


class Cut(NamedTuple):
    """What a request may have, and the last limit that bound it."""

    quantity: int
    by: Refusal | None = None

    @property
    def refusal(self) -> Refusal | None:
        """Why nothing is left, where nothing is."""
        return None if self.quantity > 0 else self.by or Refusal("no_quantity")


def split(quantity: int, slices: tuple[Slice, ...], lot: int) -> list[int]:
    """Each slice's quantity: floors to the lot, the rounding to the last."""
    parts = [floor_to(quantity * part.fraction // ONE, lot) for part in slices[:-1]]
    return [*parts, quantity - sum(parts)]
