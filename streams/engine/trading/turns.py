"""Whose turn it is: entries arrive, wait, expire, or take effect.

Rules of this file: a turn comes once; a repeated (source, signal id) is told before anything else is looked
at.
"""

from schemas.messages import Command, Signal
from streams.engine.account.account import Account
from streams.engine.account.inbox import expiry_of
from streams.engine.execution.closing import close_lot
from streams.engine.execution.ending import end_plan, unfilled_plans
from streams.engine.market.moment import Moment
from streams.engine.model.origins import origin_of
from streams.engine.model.state import Newest
from streams.engine.model.units import SECOND
from streams.engine.trading import commands, entries


def refuse_ahead(account: Account, entry: Signal | Command, now: Moment, ahead: int, limit: int) -> None:
    """An entry of a time that is far from here, which everything behind it would have to wait for."""
    if not concerns(account, entry):
        return
    account.mark_changed()
    account.out.decide(
        now.time, "refused", "ahead", ahead / SECOND, limit / SECOND,
        symbol=entry.symbol, origin=origin_of(entry),
    )  # fmt: skip


def concerns(account: Account, entry: Signal | Command) -> bool:
    """Whether it may come to a turn here: settings that are about to change may follow other sources."""
    return isinstance(entry, Command) or bool(account.inbox.changes) or account.settings.follows(entry.source)


def admit(account: Account, entry: Signal | Command, number: int, now: Moment | None) -> None:
    """An entry that concerns the account arrives; `now` is between two records, None before the first."""
    late = now is not None and _is_late(account, entry, now)
    if now is not None and late:
        _count_late(account, entry, now)
    if now is not None and (_is_past(account, entry, now) if _waits_for_own(entry) else late):
        _turn(account, entry, now)
        return
    account.inbox.add(entry, number)
    if entry.symbol:
        account.watch_anew(entry.symbol)


def _waits_for_own(entry: Signal | Command) -> bool:
    """Whether it takes its turn at its own symbol's record, not at any."""
    return isinstance(entry, Signal) and entry.side != "flat"


def _is_late(account: Account, entry: Signal | Command, now: Moment) -> bool:
    """Whether a record at which it would have had its turn came before it did."""
    due = entry.ts + account.settings.latency
    if _waits_for_own(entry):
        return due <= now.time_before(entry.symbol or "")
    return due <= (now.time if now.passed else now.previous)


def _is_past(account: Account, entry: Signal | Command, now: Moment) -> bool:
    if isinstance(entry, Command):
        return False
    return now.time > expiry_of(account.settings, entry, now.interval_of(entry.symbol))


def _count_late(account: Account, entry: Signal | Command, now: Moment) -> None:
    """Told only where a latency promised that it would not be."""
    latency = account.settings.latency
    account.state.counts.late += 1
    if latency:
        account.out.decide(
            now.time,
            "late",
            "late",
            (now.time - entry.ts - latency) / SECOND,
            latency / SECOND,
            symbol=entry.symbol,
            origin=origin_of(entry),
        )


def expire(account: Account, now: Moment) -> None:
    """The waiting entries that no longer hold have their turn."""
    for waiting in account.inbox.past_expiry(now.time):
        signal = waiting.entry
        assert isinstance(signal, Signal)
        if account.inbox.holds(waiting, now.time, now.interval_of(signal.symbol)):
            continue
        if account.settings.follows(signal.source) and _first_turn(account, signal, now):
            account.out.decide(
                now.time, "expired", "no_market", symbol=signal.symbol, origin=origin_of(signal)
            )
        account.watch_anew(signal.symbol)


def take(account: Account, now: Moment) -> None:
    """Everything that takes effect at this record, in order of time."""
    while (waiting := account.next_turn(now)) is not None:
        _turn(account, waiting.entry, now)
        if now.symbol:
            account.watch_anew(now.symbol)


def _turn(account: Account, entry: Signal | Command, now: Moment) -> None:
    if isinstance(entry, Command):
        commands.execute(account, entry, now)
    elif account.settings.follows(entry.source) and _first_turn(account, entry, now):
        if _is_past(account, entry, now):
            account.out.decide(now.time, "expired", "expired", symbol=entry.symbol, origin=origin_of(entry))
        elif entry.side == "flat":
            _flatten(account, entry, now)
        else:
            entries.consider(account, entry, now)


def _first_turn(account: Account, signal: Signal, now: Moment) -> bool:
    """Remember the signal; False when it is a repeat or stale, which is then told."""
    dedupe_for = account.settings.dedupe_for
    key = f"{signal.source}\n{signal.signal_id}"
    before = account.shared.signals.turn(account.number, key, now.time)
    origin = origin_of(signal)
    if before is not None and before >= account.remembers_since(now.time):
        account.out.decide(now.time, "duplicate", "duplicate", symbol=signal.symbol, origin=origin)
        return False
    _remember_newest(account, signal)
    age = now.time - signal.ts
    if age > dedupe_for and _is_late(account, signal, now):  # it may repeat one that is forgotten
        account.out.decide(
            now.time, "refused", "stale_signal", age / SECOND, dedupe_for / SECOND,
            symbol=signal.symbol, origin=origin,
        )  # fmt: skip
        return False
    return True


def _remember_newest(account: Account, signal: Signal) -> None:
    key = f"{signal.source}\n{signal.symbol}"
    known = account.state.newest.get(key)
    if known is None or signal.ts >= known.ts:
        account.state.newest[key] = Newest(signal.ts, signal.features)


def _flatten(account: Account, signal: Signal, now: Moment) -> None:
    origin = origin_of(signal)
    held = account.lots_of(signal.symbol)
    unfilled = unfilled_plans(account, signal.symbol)
    if not held and not unfilled:
        account.out.decide(now.time, "refused", "no_position", symbol=signal.symbol, origin=origin)
        return
    account.out.decide(now.time, "accepted", symbol=signal.symbol, origin=origin)
    for lot in held:
        if not lot.closing:
            close_lot(account, now, lot, "flat_signal")
    for plan in unfilled:
        end_plan(account, now, plan, "flat_signal")
