"""`ghostfill publish` on a real Kafka: what goes in is what a replay of the same file reads."""

import json
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from schemas.columns import Columns
from schemas.kinds import TickBatch
from schemas.messages import Bar, Command, Signal, Tick
from streams.agents.names import DESK
from streams.cli.publishing import pacing
from streams.cli.publishing.documents import Pattern, Usual, signal_of
from streams.cli.publishing.publishing import batches
from streams.clients import workers
from streams.clients.kafka import ends, read_spans, require
from streams.clients.workers import wall
from streams.engine.model.units import ONE, SECOND
from streams.files.entries import read_signals
from streams.files.market_files import MarketFileReader
from streams.files.values.faults import BadRows
from streams.transport.shard.reports import ShardReport, WorkerReport, encode_report
from tests.shell.conftest import run
from tests.shell.test_pacing import EVENING, FakeClock

TICKS = """\
ts,symbol,price,size,bid,ask
2026-01-02T12:00:00Z,X,100,10,,
2026-01-02T12:00:00.5Z,Y,7.25,,7.2,7.3
2026-01-02T12:00:00.7Z,X,101,,,
2026-01-02T12:03:00Z,X,nothing,10,,
2026-01-02T12:04:00Z,Y,8,,,
"""
BARS = """\
ts,open,high,low,close,volume
2026-01-02T12:00:00Z,10,12,9,11,500
2026-01-02T12:05:00Z,11,11,10,10.5,
"""
SIGNALS = """\
ts,symbol,side,vsr,price,source
2026-01-02T12:01:00Z,Y,sell,4.5,7.25,scan
2026-01-02T12:00:30Z,X,long,3.5,100,scan
2026-01-02T12:02:00Z,X,up,3.5,100,scan
"""
LOG = """\
2026-01-02 12:00:30,250 INFO tracker VSR X vsr=3.42 momentum=81 price=100.5
2026-01-02 12:00:31,000 INFO tracker nothing to see
2026-01-02 12:01:30,250 INFO tracker VSR Y vsr=5 momentum=77 price=none
"""
VSR = (
    r"^(?P<ts>\S+ \S+) .*VSR (?P<symbol>\S+) vsr=(?P<vsr>\S+) momentum=(?P<momentum>\S+) price=(?P<price>\S+)"
)
NOON = 1_767_355_200 * SECOND


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("t.csv", TICKS), ("X.csv", BARS), ("s.csv", SIGNALS), ("tracker.log", LOG)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_signals_are_those_of_a_replay(live, files, capsys):
    found = live.published("signals", lambda: live.run("publish", "signals", "s.csv"))
    replayed = list(read_signals(files / "s.csv", BadRows()))
    assert sorted(found, key=lambda signal: -signal.ts) == replayed
    assert [(signal.symbol, signal.side, signal.features) for signal in replayed] == [
        ("Y", "short", {"vsr": 4.5}),
        ("X", "long", {"vsr": 3.5}),
    ]
    said = capsys.readouterr()
    assert "published 2 signals to signals" in said.out and "1 bad" in said.out
    assert 's.csv, line 4, side: found "up"; expected long or short or flat' in said.err


@pytest.fixture
def recorded(live):
    """A desk tells of a market of January, while a test runs."""
    now = wall()
    report = WorkerReport(
        "recorded",
        "h",
        1,
        "v",
        DESK,
        ts=now + 60 * SECOND,  # it counts as long as the test takes
        started=now,
        shards=(ShardReport(0, "live"),),
        market_time={"ticks": NOON},
    )
    live.send(("workers", b"recorded", encode_report(report)))
    yield
    live.send(("workers", b"recorded", encode_report(structs.replace(report, ts=wall(), leaving=True))))


def test_what_names_no_time_is_of_the_market_that_the_desks_tell_of(live, recorded):
    line = '{"symbol": "X", "side": "long"}'
    (signal,) = live.published("signals", lambda: live.run("publish", "signals", "-", stdin=line))
    assert (signal.ts, signal.source) == (NOON, "stdin")
    pause = '{"account": "paper", "kind": "pause"}'
    (command,) = live.published("commands", lambda: live.run("publish", "commands", "-", stdin=pause))
    assert command.ts == NOON
    paced = ["publish", "signals", "-", "--speed", "1x"]
    (signal,) = live.published("signals", lambda: live.run(*paced, stdin=line))
    assert abs(signal.ts - wall()) < 60 * SECOND


def test_between_recorded_markets_of_different_times_a_line_has_to_name_its_own(live, monkeypatch, capsys):
    told = WorkerReport("w", "h", 1, "v", DESK, wall(), wall(), market_time={"ticks": NOON, "ticks.x": 1})
    monkeypatch.setattr(workers, "desks", lambda reports: [told])
    with_and_without = [
        json.dumps({"symbol": "X", "side": "long", "ts": NOON}),
        '{"symbol": "X", "side": "long"}',
    ]
    act = ["publish", "signals", "-"]
    (found,) = live.published("signals", lambda: live.run(*act, stdin="\n".join(with_and_without)))
    assert found.ts == NOON
    assert (
        'line 2, ts: found "nothing"; expected a time, for recorded markets are of' in capsys.readouterr().err
    )


@pytest.mark.parametrize("batch", ["1", "2"])
@pytest.mark.parametrize("market", [[], ["--market", "crypto"]])
def test_ticks_are_those_of_the_file(live, files, batch, market, capsys):
    topic = "ticks.crypto" if market else "ticks"
    found = live.published(topic, lambda: live.run("publish", "ticks", "t.csv", "--batch", batch, *market))
    assert "published 4 ticks" in capsys.readouterr().out
    if batch == "1":
        assert [(tick.symbol, tick.ts - NOON, tick.price, tick.size, tick.bid) for tick in found] == [
            ("X", 0, 100 * ONE, 10 * ONE, None),
            ("Y", SECOND // 2, 725 * ONE // 100, None, 72 * ONE // 10),
            ("X", 7 * SECOND // 10, 101 * ONE, None, None),
            ("Y", 240 * SECOND, 8 * ONE, None, None),
        ]
    else:
        assert [(type(each), each.symbol, len(each)) for each in found] == [
            (TickBatch, "X", 2),
            (TickBatch, "Y", 1),
            (TickBatch, "Y", 1),
        ]


def test_many_ticks_arrive_as_they_were(live, tmp_path):
    count = 20_000
    lines = (f"{NOON + 1000 * n},S{n % 3},{100 + n % 7},{n % 5}" for n in range(count))
    (tmp_path / "many.csv").write_text("ts,symbol,price,size\n" + "\n".join(lines))
    found = live.published("ticks", lambda: live.run("publish", "ticks", str(tmp_path / "many.csv")))
    (columns,) = MarketFileReader("ticks", BadRows()).read(tmp_path / "many.csv")
    assert len(found) == count
    assert [tick.ts for tick in found] == columns.ts.tolist()
    assert [tick.symbol for tick in found] == [columns.names[n] for n in columns.symbol]


def test_bars_go_to_the_market_s_topic(live, files):
    found = live.published("ticks", lambda: live.run("publish", "bars", "X.csv", "--symbol", "X"))
    assert found == [
        Bar(symbol="X", ts=NOON, open=10 * ONE, high=12 * ONE, low=9 * ONE, close=11 * ONE, volume=500 * ONE, interval=300 * SECOND),
        Bar(symbol="X", ts=NOON + 300 * SECOND, open=11 * ONE, high=11 * ONE, low=10 * ONE, close=105 * ONE // 10, interval=300 * SECOND),
    ]  # fmt: skip


def test_bars_come_as_a_replay_has_them_each_when_it_is_known(live, tmp_path, capsys):
    path = tmp_path / "b.csv"
    opens = ["2026-01-05,DAY", "2026-01-05T00:00,HOUR", "2026-01-05T01:00,HOUR", "2026-01-06,DAY"]
    path.write_text("ts,symbol,open,high,low,close\n" + "".join(f"{each},1,1,1,1\n" for each in opens))
    found = live.published("ticks", lambda: live.run("publish", "bars", str(path)))
    replayed = [
        (columns.names[symbol], ts, interval)
        for columns in MarketFileReader("bars", BadRows()).read(path)
        if columns.interval is not None
        for symbol, ts, interval in zip(columns.symbol, columns.ts, columns.interval, strict=True)
    ]
    assert [symbol for symbol, _, _ in replayed] == ["HOUR", "HOUR", "DAY", "DAY"]
    by_symbol = sorted(replayed, key=lambda bar: bar[0])
    assert sorted(((bar.symbol, bar.ts, bar.interval) for bar in found), key=lambda bar: bar[0]) == by_symbol
    assert "bars of 1d: DAY\nbars of 1h: HOUR" in capsys.readouterr().err
    found = live.published("ticks", lambda: live.run("publish", "bars", str(path), "--interval", "HOUR=1m"))
    assert {(bar.symbol, bar.interval) for bar in found} == {("DAY", 86400 * SECOND), ("HOUR", 60 * SECOND)}


def test_a_file_s_signals_have_the_source_and_side_that_are_said(live, tmp_path):
    words = ["--columns", "ts,symbol", "--dates", "dmy", "--source", "me", "--side", "short"]
    (tmp_path / "list.csv").write_text("01/02/2026,X\n")
    (found,) = live.published(
        "signals", lambda: live.run("publish", "signals", str(tmp_path / "list.csv"), *words)
    )
    assert (found.source, found.side, found.signal_id) == ("me", "short", "me-X-2026-02-01T00:00:00Z-short")


def test_what_is_not_later_is_left_out(live, files, capsys):
    words = ("--after", "2026-01-02T12:01:00Z")
    ticks = live.published("ticks", lambda: live.run("publish", "ticks", "t.csv", *words))
    assert [each.ts - NOON for each in ticks] == [240 * SECOND]
    assert (
        "published 1 ticks to ticks in" in (said := capsys.readouterr().out) and "1 bad, 3 left out" in said
    )
    bars = live.published("ticks", lambda: live.run("publish", "bars", "X.csv", *words, "--symbol", "X"))
    assert [each.ts - NOON for each in bars] == [0, 300 * SECOND], "a bar is as late as its end"
    later = ("--after", "2026-01-02T13:00Z")
    assert live.published("signals", lambda: live.run("publish", "signals", "s.csv", *later)) == []
    assert live.run("publish", "ticks", "t.csv", *later) == 0, "what was good once is no failure"


def test_json_lines_on_stdin(live, capsys):
    lines = [
        {"symbol": "X", "action": "buy", "ts": "2026-01-02T12:00:00Z", "vsr": 3, "who": "me", "tags": ["a"]},
        {"symbol": "X"},
        {"symbol": "X", "side": "short", "ts": NOON, "signal_id": "mine", "source": "other", "price": "1.5"},
    ]
    stdin = "\n".join([*map(json.dumps, lines), "no json"])
    found = live.published(
        "signals", lambda: live.run("publish", "signals", "-", "--source", "prog", stdin=stdin)
    )
    assert sorted(found, key=lambda signal: signal.source) == [
        Signal(signal_id="mine", source="other", symbol="X", side="short", ts=NOON, price=15 * ONE // 10),
        Signal(
            signal_id="prog-X-2026-01-02T12:00:00Z-long", source="prog", symbol="X", side="long", ts=NOON,
            features={"vsr": 3.0}, extra={"who": '"me"'}, tags=("a",),
        ),
    ]  # fmt: skip
    said = capsys.readouterr()
    assert "stdin, line 2, side" in said.err
    assert 'stdin, line 4: found "no json"; expected a JSON object' in said.err


def test_market_records_on_stdin(live):
    lines = (
        '{"symbol":"X","ts":1767355200,"price":1}\n{"feed":"f","ts":1767355201}\n{"ts":1767355202,"bid":1}'
    )
    found = live.published("ticks", lambda: live.run("publish", "ticks", "-", stdin=lines))
    assert [type(each).__name__ for each in found] == ["Tick", "Clock"]
    assert isinstance(found[0], Tick) and found[0].ts == NOON


def test_a_tracker_s_log_lines(live, files, capsys):
    act = ["publish", "signals", "tracker.log", "--side", "long", "--pattern", VSR]
    (found,) = live.published("signals", lambda: live.run(*act))
    assert found == Signal(
        signal_id="tracker-X-2026-01-02T12:00:30.250000Z-long", source="tracker", symbol="X", side="long",
        ts=NOON + 30_250_000, price=1005 * ONE // 10, features={"vsr": 3.42, "momentum": 81.0},
    )  # fmt: skip
    said = capsys.readouterr()
    assert "published 1 signals" in said.out and "1 bad, 1 lines without a match" in said.out
    assert 'tracker, line 3, price: found "none"' in said.err
    (again,) = live.published("signals", lambda: live.run(*act))
    assert again.signal_id == found.signal_id


def no_time():
    raise AssertionError("nobody may ask: the row has a time")


def test_without_a_time_it_is_now():
    usual = Usual("log", lambda: NOON, side="long")
    with_one = {"ts": NOON, "symbol": "X"}
    assert signal_of(with_one, replace(usual, now=no_time)) == signal_of(with_one, usual)
    cells = Pattern(r"(?P<symbol>\w+) (?P<confidence>\S+)").cells("X 0.5")
    assert cells is not None
    assert signal_of(cells, usual) == Signal(
        signal_id="log-X-2026-01-02T12:00:00Z-long",
        source="log",
        symbol="X",
        side="long",
        ts=NOON,
        confidence=0.5,
    )


def test_what_is_called_index_is_no_time():
    signal = signal_of({"index": 3, "symbol": "X", "side": "long"}, Usual("log", lambda: NOON))
    assert (signal.ts, signal.features) == (NOON, {"index": 3.0})


def test_commands_keep_a_person_s_settings(live, tmp_path, capsys):
    lines = [
        {
            "account": "a",
            "kind": "create",
            "settings": {"preset": "auto-trader", "balance": "1000"},
            "ts": NOON,
        },
        {"account": "a", "kind": "change", "settings": {"stop_loss": "2"}, "ts": NOON},
        {"account": "a", "kind": "place", "symbol": "X", "side": "buy", "quantity": 3, "ts": NOON + 1},
    ]
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    found = live.published("commands", lambda: live.run("publish", "commands", str(path)))
    assert [(each.kind, each.command_id) for each in found] == [("create", "c-1"), ("place", "c-3")]
    assert isinstance(found[0], Command) and json.loads(found[0].settings or "") == lines[0]["settings"]
    assert found[1].quantity == 3 * ONE
    assert "settings, stop_loss" in capsys.readouterr().err


def test_a_recording_keeps_its_pace(live, files, monkeypatch):
    clock = FakeClock()
    monkeypatch.setattr(pacing, "WallClock", lambda: clock)
    assert live.run("publish", "ticks", "t.csv", "--speed", "60x") == 0
    assert (clock.now() - EVENING) / SECOND == pytest.approx(4, abs=0.01)
    assert live.run("publish", "signals", "s.csv", "--speed", "1x", "--from", "2026-01-02T12:00:00Z") == 0
    assert (clock.now() - EVENING) / SECOND == pytest.approx(64, abs=0.01)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("ticks t.csv --market nowhere", 1, "make it with `ghostfill topics apply --market nowhere`"),
        ("ticks t.csv --from 2026-01-02", 2, "give it a --speed"),
        ("ticks t.csv --speed fast", 2, "found 'fast'; expected 1x, 60x"),
        ("ticks t.csv --speed 1x --at noon", 2, "expected an ISO time"),
        ("ticks s.parquet", 2, "does not exist"),
        ("bars t.csv", 1, "no column open"),
        ("signals tracker.log --side long --pattern (", 2, "not a regular expression"),
        ("signals tracker.log --side long --pattern x", 2, "no named groups"),
        ("signals tracker.log --pattern (?P<symbol>X)", 2, "no group side"),
        ("signals tracker.log --pattern (?P<symbol>X)(?P<side>.)", 1, "expected one of long, short"),
    ],
)
def test_what_is_wrong_is_one_message(live, files, capsys, words, code, said):
    assert live.run("publish", *words.split()) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_without_a_cluster_it_says_what_to_start(files, monkeypatch, capsys):
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.setenv("GHOSTFILL_HOME", str(files / "home"))
    assert run("publish ticks t.csv") == 1
    assert "start it with `ghostfill up`" in capsys.readouterr().err


def test_a_batch_reads_as_the_ticks_that_it_holds():
    columns = columns_of([0, 0, 1, 0, 1], [0, 1, 2, 3, 30])
    found = [(b.names[b.symbol[0]], (b.ts // SECOND).tolist()) for b in batches(columns, 2)]
    assert found == [("A", [0]), ("A", [1]), ("B", [2]), ("A", [3]), ("B", [30])]
    near = columns_of([0, 1, 0, 1, 0], [0, 0.1, 0.2, 0.3, 0.4])
    assert [len(b) for b in batches(near, 2)] == [2, 1, 2]


def columns_of(symbols, seconds):
    ts = np.array([round(second * SECOND) for second in seconds], np.int64)
    ones = np.full(len(ts), ONE, np.int64)
    return Columns(["A", "B"], np.array(symbols, np.int32), ts, ones, ones, ones, ones)


def test_keys_are_the_symbol(live, files):
    before = ends(live.cluster, require(live.cluster, "signals"))
    live.run("publish", "signals", "s.csv")
    after = ends(live.cluster, before)
    raws = list(read_spans(live.cluster, {place: (before[place], after[place]) for place in before}))
    assert {raw.key for raw in raws} == {b"X", b"Y"}
