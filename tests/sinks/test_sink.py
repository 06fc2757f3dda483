"""What is on the topics is in the tables, each record once, whatever is wrong on the way."""

import shutil
import time
from decimal import Decimal

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from confluent_kafka.admin import AdminClient

from schemas.catalog import PACKAGE, Catalog
from schemas.codec import Codec, encode
from schemas.messages import Signal
from schemas.wire.avro_schemas import HEADER_SIZE
from sinks.blocks.tables import DEAD_LETTERS, MARKETS, TABLES
from sinks.database.prepare import changes
from streams.local.kafka import topics as local_topics
from tests.broker import running_kafka
from tests.sinks import loads
from tests.sinks.loads import MAKERS, Load, differences
from tests.sinks.stage import Stage

SIGNAL = b'{"signal_id": "j", "ts": "2026-01-05T15:00:00Z", "symbol": "AAPL", "side": "long", "source": "me"}'


@pytest.fixture(scope="module")
def kafka_here(tmp_path_factory):
    with running_kafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka.cluster


@pytest.fixture
def broker(kafka_here):
    """A cluster whose topics are empty."""
    admin = AdminClient(kafka_here.confluent())
    names = [name for name in admin.list_topics().topics if not name.startswith("__")]
    for deleted in (admin.delete_topics(names) if names else {}).values():
        deleted.result()
    local_topics.apply(kafka_here, ())
    return kafka_here


@pytest.fixture
def load(broker):
    return Load(broker)


@pytest.fixture
def stage(broker, tmp_path):
    found = Stage(tmp_path / "stage", broker)
    yield found
    found.drop()


def settle(stage, load, patience=60.0):
    """Until everything that was published is there, and nothing else is."""
    load.flush()
    stage.sink.until(lambda: not differences(load, stage.ask), patience)


def publish_all(load, numbers=range(300)):
    for table in MAKERS:
        load.publish(table, numbers)


def test_every_table_has_rows_to_be_tried_with():
    assert {*MAKERS, DEAD_LETTERS} == {*MARKETS, *(table.name for table in TABLES.values())}


def test_every_message_becomes_its_row(stage, load):
    publish_all(load)
    stage.start()
    settle(stage, load)
    ((fill,),) = stage.ask("SELECT tuple(*) FROM fills WHERE fill_id = 'paper-7-f7'")
    assert fill[:5] == ("paper-7-f7", "paper-7-o7", "paper-7", "S7", "sell")
    assert fill[5:8] == (Decimal("1.00000007"), Decimal("238.00007"), Decimal("0.00000007"))
    ((trade,),) = stage.ask(
        "SELECT (theories, tags, confidence, signal_id) FROM trades WHERE trade_id = 'paper-7-t7'"
    )
    assert trade == ({"gap": 0.5, "trend": 1.0}, ["a", "b7"], 0.007, None)
    assert stage.one("SELECT text FROM alerts WHERE alert_id = 'paper-7-a7'") == "it lost 7 «€»"
    assert stage.ask("SELECT symbol, price, size, bid, ask, k_row FROM ticks WHERE price = 1.00000007") == [
        ("S0", Decimal("1.00000007"), None, Decimal(1), None, 0)
    ]
    assert stage.one("SELECT count() FROM fills WHERE k_topic != 'fills' OR k_time < '2026-01-01'") == 0


def test_a_start_goes_on_where_the_tables_end(stage, load):
    publish_all(load)
    stage.start()
    settle(stage, load)
    assert stage.sink.end() == 0
    publish_all(load, range(300, 500))
    stage.sink.start()
    settle(stage, load)
    for table in MAKERS:
        assert stage.one(f"SELECT count() FROM {table}") == load.rows[table]  # without FINAL: none came twice


def test_many_ticks_a_record(stage, load):
    load.publish_batches(range(20))
    stage.start()
    settle(stage, load)
    assert stage.one("SELECT max(k_row) FROM ticks") == loads.TICKS_A_BATCH - 1


def test_months_do_not_share_a_block(stage, load):
    """What spans partitions of a table would be several inserts, and a death could keep some of them."""
    month = 31 * 24 * 60
    for n in (0, 1, month, month + 1, 2 * month, 5):
        load.publish("bars", range(n, n + 1))
    stage.start()
    settle(stage, load)
    assert (
        stage.one("SELECT count(DISTINCT partition) FROM system.parts WHERE table = 'bars' AND active") == 3
    )


@pytest.mark.long
def test_a_market_is_found_when_it_is_made(stage, broker, load):
    stage.start()
    local_topics.apply(broker, ("later",))
    load.send("ticks.later", b"LATE", encode(loads.tick(1)))
    load.flush()
    stage.sink.until(lambda: stage.one("SELECT count() FROM ticks WHERE k_topic = 'ticks.later'") == 1)


def test_without_ticks(stage, load):
    """Bars are kept, also those among the ticks of a market."""
    load.publish("ticks", range(10))
    load.publish("bars", range(10))
    load.publish("fills", range(10))
    stage.sink = stage.new_sink(stage.port, "--no-ticks")
    stage.start()
    load.rows.pop("ticks")
    settle(stage, load)
    assert stage.one("SELECT count() FROM ticks") == 0


def test_what_nobody_can_read_is_a_dead_letter_and_the_rest_is_kept(stage, load):
    """Also in the middle of a block, and also what only shifts what is behind it."""
    good = encode(loads.fill(1000))
    bad = [
        b"",
        b"junk",
        good[:-3],
        good + b"\0",
        good[:HEADER_SIZE],
        good[:HEADER_SIZE] + b"\xff" * 30,
        b"{}",
    ]
    publish_all(load, range(100))
    for value in bad:
        load.send("fills", b"paper-1", value)
    load.send("ticks", b"S", b"junk")
    load.send("signals", b"S", b"{broken")
    publish_all(load, range(100, 200))
    stage.start()
    settle(stage, load)
    found = stage.ask("SELECT topic, reason FROM dead_letters FINAL ORDER BY topic, partition, offset")
    assert [topic for topic, _ in found] == ["fills"] * len(bad) + ["signals", "ticks"]
    assert all(reason for _, reason in found)


def test_a_signal_of_any_encoding(stage, load):
    load.send("signals", b"AAPL", SIGNAL)
    load.send("signals", b"AAPL", encode(Signal("timeless", "me", "AAPL", "long", 0)))
    load.publish("signals", range(5))
    load.flush()
    stage.start()
    stage.sink.until(lambda: stage.one("SELECT count() FROM signals") == 7)
    assert stage.ask("SELECT source, symbol FROM signals WHERE signal_id = 'j'") == [("me", "AAPL")]
    assert stage.one("SELECT ts = k_time FROM signals WHERE signal_id = 'timeless'")


def test_a_row_that_clickhouse_refuses_is_found_by_halving(stage, load):
    stage.start()
    stage.client().command("ALTER TABLE alerts ADD CONSTRAINT no_sevens CHECK NOT endsWith(alert_id, '7')")
    load.publish("alerts", range(100))
    load.flush()
    stage.sink.until(lambda: stage.one("SELECT count() FROM alerts") == 90)
    letters = stage.ask("SELECT reason FROM dead_letters WHERE topic = 'alerts'")
    assert len(letters) == 10
    assert all("no_sevens" in reason for (reason,) in letters)


@pytest.mark.long
def test_when_every_row_is_refused_it_is_not_the_rows(stage, load):
    stage.start()
    stage.client().command("ALTER TABLE alerts ADD CONSTRAINT none CHECK alert_id = ''")
    load.publish("alerts", range(1000))
    load.flush()
    assert stage.sink.process.wait(30) == 1
    assert "rows one after the other were refused" in stage.sink.said()
    assert stage.one("SELECT count() FROM dead_letters") < 20
    stage.client().command("ALTER TABLE alerts DROP CONSTRAINT none")
    stage.sink.start()
    settle(stage, load)


def test_a_table_that_is_not_ours_is_not_touched(stage, load):
    stage.server.start().await_ready()
    stage.sink.start().await_ready()
    assert stage.sink.end() == 0
    stage.client().command("ALTER TABLE fills MODIFY COLUMN price String CODEC(ZSTD)")
    stage.sink.start()
    assert stage.sink.process.wait(30) == 1
    assert "fills.price is String; expected Decimal(38, 8)" in stage.sink.said()


@pytest.mark.long
def test_a_column_that_goes_away_meanwhile_ends_it_loudly(stage, load):
    stage.start()
    with pytest.raises(DatabaseError, match="Missing columns: 'slippage'"):
        stage.client().command("ALTER TABLE fills DROP COLUMN slippage")
    stage.client().command("ALTER TABLE fills DROP COLUMN ambiguous")
    load.publish("fills", range(10))
    load.flush()
    assert stage.sink.process.wait(30) == 1
    assert "ambiguous" in stage.sink.said()
    stage.sink.start()  # which makes the column anew
    settle(stage, load)


@pytest.mark.long
def test_another_kafka_is_not_mixed_in(stage, load, broker):
    load.publish("fills", range(1000))
    stage.start()
    settle(stage, load)
    assert stage.sink.end() == 0
    stage.client().command(
        "INSERT INTO fills SELECT * REPLACE (k_offset + 1000000 AS k_offset) FROM fills LIMIT 1"
    )
    stage.sink.start()
    assert stage.sink.process.wait(30) == 1
    assert "it belongs to another Kafka" in stage.sink.said()


@pytest.mark.long
def test_while_clickhouse_is_away_reading_pauses_and_nothing_is_lost(stage, load):
    load.publish("fills", range(100))
    stage.start()
    settle(stage, load)
    stage.server.kill()
    load.publish("fills", range(100, 400_100))
    load.flush()
    time.sleep(3)
    stage.sink.check()
    assert "trying again" in stage.sink.said()
    stage.server.start().await_ready()
    settle(stage, load)


@pytest.fixture
def newer(tmp_path):
    """This catalogue with a version of an alert that has fields more."""
    for part in ("topics", "avro"):
        shutil.copytree(PACKAGE / part, tmp_path / part)
    text = (tmp_path / "avro/alert.v1.avsc").read_text()
    added = '{"name": "urgent", "type": ["null", "boolean"], "default": null},\n    {"name": "text"'
    (tmp_path / "avro/alert.v2.avsc").write_text(text.replace('{"name": "text"', added))
    topic = tmp_path / "topics/alerts.yaml"
    topic.write_text(topic.read_text().replace("alert: [1]", "alert: [1, 2]"))
    return tmp_path


def test_what_a_newer_ghostfill_wrote_waits_for_its_sink(stage, load, newer):
    codec = Codec(Catalog(newer))
    stage.start()
    load.publish("alerts", range(10))
    load.send("alerts", b"paper-1", codec.encode(loads.alert(10)))
    load.flush()
    assert stage.sink.process.wait(30) == 1
    assert "a newer Ghostfill wrote it" in stage.sink.said()
    assert stage.one("SELECT count() FROM dead_letters") == 0


def test_a_new_field_is_a_new_column():
    found = {"a": "String", "side": "Enum8('buy' = 1)", "k": "UInt64"}
    expected = {"a": "String", "b": "Nullable(Bool)", "side": "Enum8('buy' = 1, 'sell' = 2)", "k": "UInt64"}
    assert changes("t", expected, found) == (
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS `b` Nullable(Bool) AFTER `a`, "
        "MODIFY COLUMN `side` Enum8('buy' = 1, 'sell' = 2)"
    )
    assert changes("t", expected, expected) is None


@pytest.mark.long
def test_each_database_gets_everything(stage, load):
    """Two databases on one Kafka are two groups; two sinks of one database share the topics."""
    publish_all(load)
    other = stage.new_sink(stage.port, name="other", database="other")
    second = stage.new_sink(stage.port, name="second")
    try:
        stage.start()
        other.start().await_ready()
        second.start().await_ready()
        publish_all(load, range(300, 600))
        settle(stage, load)
        for table in MAKERS:
            asked = f"SELECT count() FROM other.{table} FINAL"
            stage.sink.until(lambda asked=asked, table=table: stage.one(asked) == load.rows[table])
    finally:
        other.drop()
        second.drop()
