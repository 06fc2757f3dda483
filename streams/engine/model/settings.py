"""What an account is told to do: its settings, checked and in the engine's units.

Rules of this file: plain frozen data; shares and rates are integers of 1e-8, times microseconds.
`streams.accounts` reads them from YAML.
"""

from typing import Literal

import msgspec

from streams.engine.model.units import HOUR, MINUTE, ONE, SECOND


class Setting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every group of settings."""


class Level(Setting):
    """How far from the average entry an exit lies."""

    kind: Literal["percent", "risk", "atr", "amount"]
    """A share of the average entry, multiples of the sizing distance or of the ATR, or a price difference."""
    value: int


class Filter(Setting):
    """What a signal must show before it may trade."""

    name: str
    """A feature, `confidence`, or the rule `no_position`."""
    operator: Literal[">=", ">", "<=", "<", ""] = ""
    threshold: float = 0.0


class Condition(Setting):
    """What must still hold when a slice is due."""

    kind: Literal["feature", "price_holds", "above_vwap"]
    name: str
    """The reason of a skip: the feature's name, or the kind."""
    threshold: float = 0.0
    """For a feature: at or above."""
    tolerance: int = 0
    """For `price_holds`: the share by which the mark may be worse than the arrival."""

    @property
    def words(self) -> str:
        """As slices tell it."""
        if self.kind == "feature":
            return f"{self.name} >= {self.threshold:g}"
        if self.kind == "price_holds" and self.tolerance:
            return f"price_holds {self.tolerance / ONE:.4g}"
        return self.kind


class Slice(Setting):
    """One part of an entry."""

    offset: int
    """After the first decision."""
    fraction: int
    conditions: tuple[Condition, ...] = ()


class Partial(Setting):
    """A target that closes only a part."""

    level: Level
    fraction: int
    """Of the quantity that the position ever held."""


class Size(Setting):
    """How large an entry is."""

    mode: Literal["fixed_notional", "percent_of_equity", "quantity", "risk", "volatility"]
    value: int = 0
    """Money for `fixed_notional`, a share of equity for the others."""
    stop: Level | None = None
    """`risk`: the distance when the signal gives no stop; absent: the account's stop_loss."""
    multiple: int = ONE
    """`volatility`: how many ATR the distance is."""


class Commission(Setting):
    """What an order costs; every part that is set is added, the minimum is per order."""

    per_order: int = 0
    per_share: int = 0
    rate: int = 0
    maker_rate: int | None = None
    """For resting limits; absent: `rate`."""
    taker_rate: int | None = None
    minimum: int = 0


class Slippage(Setting):
    """What the model adds to a market fill against us; every part that is set is added."""

    rate: int = 0
    spread: int = 0
    """A share of the quoted spread."""
    impact: int = 0
    """Times (taken / available volume) squared, a share of the price."""


class Correlated(Setting):
    positions: int
    rho: float


WHOLE = (Slice(offset=0, fraction=ONE),)


class Settings(Setting):
    """One account."""

    name: str
    balance: int
    size: Size
    currency: str = "USD"
    market: str = "ticks"
    """The topic of the one market that it trades in."""
    time_zone: str = "UTC"
    latency: int = 0
    follow: tuple[str, ...] = ()
    """Sources whose signals it takes; empty: every source."""
    enabled: bool = True
    filters: tuple[Filter, ...] = ()
    min_confidence: float | None = None
    position_mode: Literal["net", "per_signal"] = "net"
    use_signal_targets: bool = False
    signal_ttl: int | None = None
    dedupe_for: int = 24 * HOUR
    leverage: int = ONE
    slices: tuple[Slice, ...] = WHOLE

    take_profit: Level | None = None
    stop_loss: Level | None = None
    trailing_stop: Level | None = None
    breakeven: Level | None = None
    """How far in favour before the stop moves to the average entry."""
    partial: tuple[Partial, ...] = ()
    time_limit: int | None = None
    end_of_day: int | None = None
    """Minute of the account's day at which positions are closed."""

    max_positions: int | None = None
    max_position: int | None = None
    max_exposure: int | None = None
    max_group: int | None = None
    max_correlated: Correlated | None = None
    cash_reserve: int | None = None
    cooldown: int | None = None
    max_signals_per_hour: int | None = None
    daily_loss: int | None = None
    max_drawdown: int | None = None

    limit_fill: Literal["through", "touch"] = "through"
    participation: int | None = None
    slippage: Slippage = Slippage()
    commission: Commission = Commission()

    atr_interval: int = 15 * MINUTE
    atr_length: int = 14

    def follows(self, source: str) -> bool:
        return not self.follow or source in self.follow


class Session(Setting):
    """When a market is open: on these weekdays, in [open, close) of its zone."""

    name: str
    zone: str
    open: int
    """Minute of the day."""
    close: int
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Monday is 0."""
    holidays: tuple[str, ...] = ()
    """ISO dates without a session."""


class Instrument(Setting):
    """What trades: its steps, its hours and its groups."""

    symbol: str
    tick_size: int = 1
    lot: int = 1
    min_notional: int = 0
    calendar: Session | None = None
    """None: always open."""
    currency: str | None = None
    """None: whatever the account's is."""
    groups: tuple[str, ...] = ()


class Checks(Setting):
    """What a market record must pass."""

    lateness: int = 5 * SECOND
    max_jump: int = ONE // 5
    stale_after: int = MINUTE


class Instruments(Setting):
    """The symbols file: known instruments, and what any other symbol is."""

    known: dict[str, Instrument] = {}
    default: Instrument = Instrument(symbol="")
    checks: Checks = Checks()

    def of(self, symbol: str) -> Instrument:
        found = self.known.get(symbol)
        return found if found is not None else msgspec.structs.replace(self.default, symbol=symbol)
