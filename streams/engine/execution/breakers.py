"""The breakers: an account that lost too much enters nothing more.

Rules of this file: they trip at the threshold, on realised and unrealised P&L together; exits are never
blocked.
"""

from streams.engine.account.account import Account, Bands
from streams.engine.execution.ending import end_entries
from streams.engine.market.moment import Moment
from streams.engine.model.refusal import Refusal
from streams.engine.model.settings import Settings
from streams.engine.model.units import FOREVER, ONE


def are_set(settings: Settings) -> bool:
    return settings.daily_loss is not None or settings.max_drawdown is not None


def refusal(account: Account, now: Moment) -> Refusal | None:
    """Why a breaker that has tripped lets no entry in."""
    settings, state = account.settings, account.state
    name = next(iter(state.blocked_by), None)
    if name is None:
        return None
    base = state.day_open if name == "daily_loss" else state.peak
    threshold = settings.daily_loss if name == "daily_loss" else settings.max_drawdown
    return Refusal(name, (base - account.worth(now).equity) / base, (threshold or 0) / ONE)


def watch(account: Account, now: Moment) -> None:
    """Look at equity with the prices of this record."""
    settings, state = account.settings, account.state
    if not are_set(settings):
        return
    equity = account.worth(now).equity
    if settings.max_drawdown is not None:
        state.peak = max(state.peak, equity)
    if settings.daily_loss is not None and not state.daily_loss_tripped:
        state.daily_loss_tripped = _trip(
            account, now, "daily_loss", state.day_open - equity, state.day_open, settings.daily_loss
        )
    if settings.max_drawdown is not None and not state.drawdown_tripped:
        state.drawdown_tripped = _trip(
            account, now, "max_drawdown", state.peak - equity, state.peak, settings.max_drawdown
        )
    if _has_used_its_share(account, now):  # before that none trips, and the peak does not rise
        account.share_room_anew()


def _has_used_its_share(account: Account, now: Moment) -> bool:
    """Whether this record's mark is at the end of what it was given, or beyond."""
    band = account.bands.get(now.symbol) if account.bands else None
    return band is not None and not band[1] < now.mark < band[0]


def _trip(account: Account, now: Moment, name: str, loss: int, base: int, threshold: int) -> bool:
    if loss * ONE < threshold * base or base <= 0:
        return False
    measured, limit = loss / base, threshold / ONE
    account.out.decide(now.time, "tripped", name, measured=measured, limit=limit)
    text = f"{name} reached {measured:.2%} of {limit:.2%}: entries are blocked"
    account.out.alert(now.time, name, text, None, measured, limit)
    end_entries(account, now, f"limit:{name}")
    return True


def bands(account: Account, now: Moment) -> Bands:
    """Each symbol's share of the room, of all at once: what one has lost is not shared out again."""
    shares = account.bands
    if shares is None:
        shares = _bands(account, now)
        account.share_room(shares)
    return shares


def _bands(account: Account, now: Moment) -> Bands:
    settings, state = account.settings, account.state
    if not state.lots:
        return {}
    equity = account.worth(now).equity
    net: dict[str, int] = {}
    for lot in state.lots.values():
        net[lot.symbol] = net.get(lot.symbol, 0) + lot.side * lot.quantity
    rounding = len(state.lots)
    fall = (_room_to_trip(account, equity) - rounding) // len(net)
    rise = (state.peak - equity - rounding) // len(net) if settings.max_drawdown is not None else FOREVER
    return {symbol: _band(now.mark_of(symbol), quantity, fall, rise) for symbol, quantity in net.items()}


def _room_to_trip(account: Account, equity: int) -> int:
    settings, state = account.settings, account.state
    rooms = [FOREVER]
    if settings.daily_loss is not None and not state.daily_loss_tripped:
        rooms.append(equity - state.day_open + settings.daily_loss * state.day_open // ONE)
    if settings.max_drawdown is not None and not state.drawdown_tripped:
        rooms.append(equity - state.peak + settings.max_drawdown * state.peak // ONE)
    return min(rooms)


def _band(mark: int, quantity: int, fall: int, rise: int) -> tuple[int, int]:
    """(above, below): moves smaller than these gain less than `rise` and lose less than `fall`."""
    if not quantity:
        return FOREVER, -FOREVER
    worse = max(1, fall * ONE // abs(quantity))
    better = max(1, rise * ONE // abs(quantity)) if rise < FOREVER else FOREVER
    up, down = (better, worse) if quantity > 0 else (worse, better)
    return min(FOREVER, mark + up), max(-FOREVER, mark - down)
