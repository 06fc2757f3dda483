"""`ghostfill tail` on a real Kafka, and how a message looks as a line."""

import json

import pytest
from confluent_kafka import Producer

from schemas.catalog import catalog
from schemas.codec import default_codec, encode
from schemas.kinds import key_of
from schemas.messages import DeadLetter, Decision, Fill, Position
from streams.cli.printing.message_lines import LAYOUTS, Lines
from streams.engine.model.units import ONE, SECOND
from tests.shell.conftest import run

NOON = 1_767_355_200 * SECOND
EXAMPLES = [
    (each.message, each.value) for topic in catalog().topics.values() for each in topic.examples
]  # fmt: skip


def fill(account, number):
    return Fill(
        fill_id=f"{account}-o{number}.1", order_id=f"{account}-o{number}", account=account, symbol="X", side="buy",
        quantity=3 * ONE, price=7 * ONE, fee=0, ts=NOON + number * SECOND,
    )  # fmt: skip


def position(account):
    return Position(
        position_id=f"{account}-l1", account=account, symbol="X", side="long", quantity=ONE, average_price=ONE,
        cost=ONE, mark=ONE, unrealised=0, realised=0, fees=0, ts=NOON, opened=NOON,
    )  # fmt: skip


def sent(live, *messages, topic):
    live.send(*((topic, key_of(message), encode(message)) for message in messages))


@pytest.mark.parametrize(("kind", "value"), [each for each in EXAMPLES if each[0] != "tick-batch"])
def test_every_message_is_a_line(kind, value):
    message = default_codec().read_json(kind, value)
    heads, line = Lines().of(message)
    assert heads.split() == LAYOUTS[kind].split()
    assert "\n" not in line
    written = default_codec().write_json(message)
    shown = [written[name] for name in LAYOUTS[kind].split() if isinstance(written.get(name), str)]
    assert shown and all(" ".join(text.split()) in line for text in shown)


def test_columns_are_aligned_and_named_once():
    lines = Lines()
    first, second = lines.of(fill("a", 1)), lines.of(fill("a", 2))
    assert len(first) == 2 and len(second) == 1
    assert first[1].index("buy") == second[0].index("buy") == first[0].index("side")
    assert first[1].startswith("2026-01-02T12:00:01Z ")


def test_from_the_start_one_account_so_many(live, capsys):
    sent(live, *(fill(name, number) for number in range(3) for name in ("tail-a", "tail-b")), topic="fills")
    assert live.run("tail", "fills", "--from-start", "--account", "tail-b", "--max", "2", "--json") == 0
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["order_id"] for each in documents] == ["tail-b-o0", "tail-b-o1"]
    assert default_codec().read_json("fill", documents[0]) == fill("tail-b", 0)


def test_it_ends_when_nothing_comes(live, capsys):
    assert live.run("tail", "fills", "--timeout", "0.2") == 1
    said = capsys.readouterr()
    assert said.out == "" and "nothing came on fills for 0.2 s" in said.err
    sent(live, fill("tail-c", 1), topic="fills")
    assert live.run("tail", "fills", "--from-start", "--timeout", "0.2", "--account", "tail-c") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_what_was_not_committed_is_not_shown(live, capsys):
    producer = Producer(live.cluster.confluent() | {"transactional.id": "tail-test", "log_level": 0})
    producer.init_transactions(30)
    for name, end in (("tail-no", producer.abort_transaction), ("tail-yes", producer.commit_transaction)):
        producer.begin_transaction()
        message = position(name)
        producer.produce("positions", key=key_of(message), value=encode(message))
        producer.flush()
        end(30)
    assert live.run("tail", "positions", "--from-start", "--timeout", "0.2") == 0
    said = capsys.readouterr().out
    assert "tail-yes-l1" in said and "tail-no-l1" not in said


def test_dead_letters_and_what_cannot_be_read_have_a_place(live, capsys):
    letter = DeadLetter(
        topic="signals", partition=3, offset=1204, ts=NOON, reason="side: found 'up'", value=b"x"
    )
    sent(live, letter, topic="dead-letters")
    assert live.run("tail", "dead-letters", "--from-start", "--timeout", "0.2") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[1:] == "signals 3 1204 side: found 'up'".split()
    live.send(("alerts", b"a", b"rubbish"))
    assert live.run("tail", "alerts", "--from-start", "--timeout", "0.2") == 1
    assert "offset 0: value: found b'rubbish', expected Avro" in capsys.readouterr().err


def test_a_market_by_its_name(live, capsys):
    live.send(("ticks.crypto", b"BTC", b'{"ts": 1767355200, "price": "64000.5"}'))
    assert live.run("tail", "ticks", "--market", "crypto", "--from-start", "--timeout", "0.2") == 0
    assert "64000.5" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("tail fill", 2, "no topic fill; topics are alerts, bars, commands"),
        ("tail inbox", 2, "no topic inbox"),
        ("tail ticks --account a", 2, "--account is not for ticks"),
        ("tail fills --market crypto", 2, "--market is only for ticks"),
        ("tail ticks --market nowhere", 1, "ghostfill topics apply --market nowhere"),
    ],
)
def test_what_is_wrong_is_one_message(live, capsys, words, code, said):
    assert run(words) == code
    assert said in capsys.readouterr().err


def test_a_decision_tells_its_measure():
    decision = Decision(
        decision_id="d", ts=NOON, account="a", decision="refused", reason="max_positions", measured=6, limit=5
    )
    assert Lines().of(decision)[1].split() == "2026-01-02T12:00:00Z a refused max_positions 6 5".split()
