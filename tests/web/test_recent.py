"""The newest messages of an account are those that a plain list would give, or the rest is asked of elsewhere."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Equity, Fill, Signal, Trade
from streams.web.state import recent_messages as module
from streams.web.state.recent_messages import Recent, key_of


def fill(number, ts, account="a", symbol="X"):
    return Fill(
        fill_id=f"{account}-f{number}", order_id="o", account=account, symbol=symbol, side="buy", quantity=1, price=1, fee=0, ts=ts
    )  # fmt: skip


def of(*fills):
    found = Recent()
    for each in fills:
        found.add(each)
    return found


def everything(message):
    return True


def ids(found):
    return [each.fill_id for each in found.messages]


def test_the_newest_come_first_and_ids_count():
    kept = of(*(fill(number, ts=5) for number in range(8, 13)))
    found = kept.page(Fill, "a", everything, None, 3, None)
    assert (ids(found), found.is_all) == (["a-f12", "a-f11", "a-f10"], True)
    found = kept.page(Fill, "a", everything, key_of(fill(10, 5)), 5, None)
    assert (ids(found), found.is_all, found.before) == (["a-f9", "a-f8"], False, (5, 4, "a-f8"))


def test_what_comes_late_or_again_is_put_where_it_belongs():
    kept = of(fill(1, 10), fill(3, 30), fill(2, 20), fill(3, 30), fill(1, 10))
    assert ids(kept.page(Fill, "a", everything, None, 9, None)) == ["a-f3", "a-f2", "a-f1"]


def test_where_it_does_not_reach_it_says_from_where():
    assert Recent().page(Fill, "a", everything, None, 3, None) == ([], False, None)
    assert Recent().page(Fill, "a", everything, (7, 1, "x"), 3, None) == ([], False, (7, 1, "x"))
    kept = of(fill(1, 10), fill(2, 20))
    older = (10, 4, "a-f1")
    assert kept.page(Fill, "a", everything, older, 3, None) == ([], False, older)
    assert kept.page(Fill, "a", lambda each: each.ts > 10, None, 3, None).before == older
    assert kept.page(Fill, "b", everything, None, 3, None) == ([], False, None)


def test_since_a_time_that_it_reaches_it_needs_nothing_older():
    kept = of(fill(1, 10), fill(2, 20), fill(3, 30))
    found = kept.page(Fill, "a", everything, None, 9, 20)
    assert (ids(found), found.is_all) == (["a-f3", "a-f2"], True)
    assert not kept.page(Fill, "a", everything, None, 9, 10).is_all
    assert not kept.page(Fill, "a", everything, None, 9, 5).is_all


def test_only_so_many_are_kept_and_no_other_kinds(monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    kept = of(*(fill(number, ts=number) for number in range(1, 8)))
    assert [each.ts for each in kept.held(Fill, "a")] == [5, 6, 7]
    kept.add(fill(0, ts=0))
    assert [each.ts for each in kept.held(Fill, "a")] == [5, 6, 7]
    kept.add(Signal(signal_id="s", source="s", symbol="X", side="long", ts=9))
    assert kept.held(Equity, "a") == kept.held(Trade, "a") == []


CASES = st.tuples(
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ab"), st.sampled_from("XY")), max_size=40),
    st.integers(1, 12),
    st.integers(1, 5),
    st.sampled_from([None, "X"]),
    st.one_of(st.none(), st.integers(0, 7)),
    st.randoms(use_true_random=False),
)


@given(CASES)
def test_pages_are_those_of_a_plain_list(case):
    """Ascending as an account tells them, some twice; what memory does not know the list adds, as ClickHouse does."""
    rows, most, size, symbol, since, chance = case
    told = sorted(
        (fill(number, ts, account, symbol) for number, (ts, account, symbol) in enumerate(rows)),
        key=key_of,
    )
    kept = Recent()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST", most)
        for each in shaken(told, chance):
            kept.add(each)

    def wanted(each):
        return symbol in (None, each.symbol)

    for account in "ab":
        naive = [
            each
            for each in reversed(told)
            if each.account == account and wanted(each) and each.ts >= (since or 0)
        ]
        before, walked = None, []
        while True:
            found, is_all, rest = kept.page(Fill, account, wanted, before, size, since)
            if not is_all:
                found = (
                    found
                    + [each for each in naive if rest is None or key_of(each) < rest][: size - len(found)]
                )
            walked += found
            if len(found) < size:
                break
            before = key_of(found[-1])
        assert walked == naive


def shaken(told, chance: random.Random):
    """In their order, but some come again."""
    for at, each in enumerate(told):
        yield each
        if chance.random() < 0.3:
            yield told[chance.randint(max(0, at - 3), at)]
