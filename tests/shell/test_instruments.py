"""Symbols files."""

import pytest

from streams.accounts import SettingsError, load_instruments, parse_instruments
from streams.engine.model.settings import Instrument, Instruments, Session
from streams.engine.model.units import MINUTE, ONE, SECOND

NEW_YORK = Session(name="us-equities", zone="America/New_York", open=570, close=960)


def test_a_whole_file(tmp_path):
    file = tmp_path / "symbols.yaml"
    file.write_text(
        """
defaults: {tick_size: 0.01, lot: 1, calendar: us-equities}
symbols:
  AAPL: {groups: [tech, large]}
  BTC-USD: {tick_size: 0.5, lot: 0.001, min_notional: 10, calendar: 24/7, currency: USD}
  VOD.L: {calendar: london}
  MSFT:
calendars:
  london: {zone: Europe/London, open: "08:00", close: "16:30", weekdays: mon-fri, holidays: [2026-12-25]}
checks: {lateness: 2s, max_jump: 30%, stale_after: 5m}
"""
    )
    read = load_instruments(str(file))
    cent, share = ONE // 100, ONE
    default = Instrument(symbol="", tick_size=cent, lot=share, calendar=NEW_YORK)
    london = Session(name="london", zone="Europe/London", open=480, close=990, holidays=("2026-12-25",))
    assert read.of("ANY") == Instrument(symbol="ANY", tick_size=cent, lot=share, calendar=NEW_YORK)
    assert read.default == default
    assert read.known == {
        "AAPL": Instrument(
            symbol="AAPL", tick_size=cent, lot=share, calendar=NEW_YORK, groups=("tech", "large")
        ),
        "BTC-USD": Instrument(
            symbol="BTC-USD", tick_size=ONE // 2, lot=ONE // 1000, min_notional=10 * ONE, currency="USD"
        ),
        "VOD.L": Instrument(symbol="VOD.L", tick_size=cent, lot=share, calendar=london),
        "MSFT": Instrument(symbol="MSFT", tick_size=cent, lot=share, calendar=NEW_YORK),
    }
    assert (read.checks.lateness, read.checks.max_jump, read.checks.stale_after) == (
        2 * SECOND,
        30 * ONE // 100,
        5 * MINUTE,
    )


def test_an_empty_file_is_the_defaults():
    assert parse_instruments("", "symbols.yaml") == Instruments()


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(SettingsError) as caught:
        parse_instruments(
            """\
defaults: {tick: 0.01, calendar: us-equitys}
symbol: 2
symbols: {AAPL: {lot: 0}}
calendars:
  ldn: {zone: Europe/London, open: "08:00", close: "07:00"}
  x: {zone: UTC, open: "08:00", close: "24:00", weekdays: [mo], holidays: [2026-02-30]}
  24/7: {zone: UTC, open: "08:00", close: "24:00"}
  y: {zone: UTC}
checks: {lateness: fast}
""",
            "s.yaml",
        )
    said = "\n".join(caught.value.faults)
    for part in (
        "s.yaml, line 1, defaults.tick: unknown key; did you mean tick_size?",
        'defaults.calendar: found "us-equitys"; expected a calendar: did you mean us-equities?',
        "s.yaml, line 2, symbol: unknown key; did you mean symbols?",
        's.yaml, line 3, symbols.AAPL.lot: found "0"; expected a decimal number',
        's.yaml, line 5, calendars.ldn.close: found "07:00"; expected a time of day after the open',
        "calendars.x.weekdays",
        'calendars.x.holidays[1]: found "2026-02-30"; expected a date such as 2026-12-25',
        "calendars.24/7: is built in",
        "calendars.y: open and close missing",
        "s.yaml, line 9, checks.lateness",
    ):
        assert part in said
