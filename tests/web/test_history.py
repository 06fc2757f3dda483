"""A list's pages: from memory and from what is stored together, each row once, whatever comes meanwhile."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import IPv4Address
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import MessageError
from schemas.messages import Fill, SliceTimer
from sinks.database.database import Database
from streams.web.lists import history
from streams.web.lists.history import LISTS, Wish, cursor_of, key_in, page, plain
from streams.web.state import recent_messages as recent_module
from streams.web.state.kept_answers import Results
from streams.web.state.live_state import Event, LiveState, Place
from streams.web.state.recent_messages import key_of


def fill(number, ts, account="a", symbol="X"):
    return Fill(
        fill_id=f"{account}-f{number}", order_id="o", account=account, symbol=symbol, side="buy", quantity=10**8, price=150_000_000, fee=0, ts=ts
    )  # fmt: skip


class World(Results):
    """What memory has been told, and what is stored: a row is stored some time after it was told."""

    def __init__(self, monkeypatch):
        super().__init__(Database("nowhere", 1))
        self.live = LiveState()
        self.stored = []
        self.questions = 0
        monkeypatch.setattr(history, "_stored", self._find)

    def tell(self, *fills, stored=True):
        for each in fills:
            self.live.take((), (), [Event(Place("fills", 0, 0), 0, each)], {})
        if stored:
            self.stored += fills

    def store(self, *fills):
        self.stored += fills

    async def get(self, key, make):
        """As Results does, without keeping anything."""
        hash(key)
        self.questions += 1
        return make(None)

    def _find(self, client, listed, wish, before):
        found = sorted((history.document(each) for each in self.stored), key=listed.key_of, reverse=True)
        once = {listed.key_of(each): each for each in found}
        return [
            each
            for key, each in once.items()
            if (before is None or key < before)
            and all(each[name] == value for name, value in wish.equal.items())
            and (wish.since is None or key[0] >= wish.since)
            and (wish.until is None or key[0] < wish.until)
        ][: wish.limit + 1]

    def page(self, limit, cursor=None, since=None, until=None, **equal):
        return asyncio.run(page(self.live, self, Wish("fills", equal, since, until, limit, cursor)))

    def walk(self, limit, meanwhile=lambda: None, **more):
        found, cursor = [], None
        while True:
            one = self.page(limit, cursor, **more)
            assert len(one.items) <= limit
            found += [each["fill_id"] for each in one.items]
            cursor = one.next
            if cursor is None:
                return found
            meanwhile()


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def test_a_page_that_is_remembered_asks_nobody(world):
    world.tell(*(fill(number, ts=number) for number in range(1, 8)))
    found = world.page(3, account="a")
    assert [each["fill_id"] for each in found.items] == ["a-f7", "a-f6", "a-f5"]
    assert (found.items[0]["price"], found.items[0]["ts"]) == ("1.5", "1970-01-01T00:00:00.000007Z")
    assert world.questions == 0


def test_what_is_remembered_and_not_stored_yet_is_there(world):
    world.store(fill(1, 1), fill(2, 2))
    world.tell(fill(3, 3), fill(4, 4), stored=False)
    assert world.walk(50, account="a") == ["a-f4", "a-f3", "a-f2", "a-f1"]
    assert world.walk(1, account="a") == ["a-f4", "a-f3", "a-f2", "a-f1"]
    assert world.walk(3, account="a", until=4) == ["a-f3", "a-f2", "a-f1"]


def test_without_an_account_only_what_is_stored_is_listed(world):
    world.tell(fill(1, 1, "a"), fill(1, 1, "b"), fill(2, 1, "a"))
    world.tell(fill(9, 9), stored=False)
    assert world.walk(2) == ["b-f1", "a-f2", "a-f1"]


def test_what_comes_meanwhile_moves_nothing(world):
    world.tell(*(fill(number, ts=number // 4) for number in range(40)))
    new = iter(range(100, 200))

    def meanwhile():
        world.tell(fill(next(new), ts=50))

    assert world.walk(7, meanwhile, account="a") == [f"a-f{number}" for number in range(39, -1, -1)]


def test_a_page_ends_where_there_is_no_more(world):
    world.tell(fill(1, 1), fill(2, 2))
    assert world.page(2, account="a").next is None
    assert world.page(1, account="a").next is not None
    assert world.page(5, account="nobody") == ([], None)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from("XY"), st.booleans()), max_size=30),
    st.integers(0, 30),
    st.integers(1, 8),
    st.integers(1, 6),
    st.sampled_from([None, "X"]),
    st.one_of(st.none(), st.integers(0, 5)),
    st.one_of(st.none(), st.integers(0, 6)),
)
def test_every_row_is_on_one_page(rows, start, most, limit, symbol, since, until):
    """Memory began somewhere, keeps little, and what it kept may not be stored yet."""
    told = sorted((fill(number, ts, symbol=which) for number, (ts, which, _) in enumerate(rows)), key=key_of)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recent_module, "MOST", most)
        world = World(patch)
        world.store(*told[:start])
        world.tell(*told[start:], stored=False)
        kept = world.live.recent.held(Fill, "a")
        world.store(*(each for each in told[start:] if each not in kept or rows[int(each.fill_id[3:])][2]))
        equal = {"account": "a"} | ({} if symbol is None else {"symbol": symbol})
        wanted = [
            each.fill_id
            for each in reversed(told)
            if symbol in (None, each.symbol)
            and each.ts >= (since or 0)
            and (until is None or each.ts < until)
        ]
        assert world.walk(limit, since=since, until=until, **equal) == wanted


# What a signal caused


def timer(number, state, ts):
    return SliceTimer(
        slice_id=f"p1.{number}", account="a", plan_id="p1", symbol="X", side="buy", signal_id="s", number=number, of=2,
        state=state, ts=ts, due=ts, quantity=1, condition="", arrival=1,
    )  # fmt: skip


def test_what_came_lately_stands_for_what_is_stored(world):
    world.store(timer(1, "armed", 1), timer(2, "armed", 1))
    for each in (timer(1, "released", 2), timer(1, "released", 2)):
        world.live.take((), (), [Event(Place("slice-timers", 0, 0), 0, each)], {})
    found = asyncio.run(history.caused(world.live, world, "slices", "s"))
    assert [(each["number"], each["state"]) for each in found] == [(1, "released"), (2, "armed")]
    assert asyncio.run(history.caused(world.live, world, "slices", "other")) == []


# Cursors


def test_a_cursor_is_read_as_it_was_written():
    listed = LISTS["trades"]
    cursor = cursor_of(listed, {"exit_ts": "2026-01-05T14:30:00.000001Z", "trade_id": "mü-t10"})
    assert key_in(cursor) == (1_767_623_400_000_001, 6, "mü-t10")


def test_signals_of_two_sources_may_have_one_id():
    listed = LISTS["signals"]
    items = [{"ts": "2026-01-05T14:30:00Z", "signal_id": "1", "source": source} for source in ("a", "b")]
    assert key_in(cursor_of(listed, items[0])) < key_in(cursor_of(listed, items[1]))


@pytest.mark.parametrize("cursor", ["", "A", "ü", "AAAA", "W10", "WzEsMl0", "WyJhIiwiYSJd", "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAsImEiXQ", "e30", "MQ", "\x00"])  # fmt: skip
def test_what_is_no_cursor_is_told_so(cursor):
    with pytest.raises(MessageError, match=r"cursor: found .* expected the `next` of the previous page"):
        key_in(cursor)


# Values of ClickHouse


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("text", "text"),
        (2**64 - 1, 2**64 - 1),
        (2**64, "18446744073709551616"),
        (-(2**63) - 1, "-9223372036854775809"),
        (Decimal("1.50000000"), "1.5"),
        (Decimal(-100), "-100"),
        (Decimal("0E-8"), "0"),
        (Decimal("0.00000001"), "0.00000001"),
        (Decimal("1.12345678901234567890"), "1.1234567890123456789"),
        (Decimal("92233720368.54775807"), "92233720368.54775807"),
        (datetime(2026, 1, 5, 14, 30, 0, 1, tzinfo=UTC), "2026-01-05T14:30:00.000001Z"),
        (datetime(2026, 1, 5), "2026-01-05T00:00:00Z"),  # noqa: DTZ001
        (datetime(1900, 1, 1, tzinfo=UTC), "1900-01-01T00:00:00Z"),
        (date(2026, 1, 5), "2026-01-05"),
        (b"ab\0\0", "ab"),
        (b"\xff", "\\xff"),
        ((1, [Decimal("2.0")]), [1, ["2"]]),
        ({1: Decimal("2.50"), "b": (None,)}, {"1": "2.5", "b": [None]}),
        (IPv4Address("1.2.3.4"), "1.2.3.4"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)  # fmt: skip
def test_a_value_of_clickhouse_is_json(value, expected):
    found = plain(value)
    assert found == expected and type(found) is type(expected)
    assert orjson.loads(orjson.dumps(found)) == expected
