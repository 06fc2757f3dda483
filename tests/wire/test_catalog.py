"""The catalogue: what it says of this package, and of files that contradict themselves."""

import re
import shutil
from pathlib import Path

import pytest

from schemas.catalog import PACKAGE, Catalog, catalog
from schemas.errors import CatalogError


def test_the_topics_of_this_package():
    topics = catalog().topics
    assert sorted(topics) == sorted(path.stem for path in (PACKAGE / "topics").glob("*.yaml"))
    assert topics["ticks"].partitions == 1
    assert (topics["inbox"].partitions, topics["barriers"].partitions) == (8, 8)
    tables = {name for name in topics if name.endswith("-changelog")}
    compacted = {name for name, topic in topics.items() if topic.compacted}
    assert compacted == {"positions", "slice-timers"} | tables
    assert {name for name, topic in topics.items() if topic.json} == {"signals", "commands", "ticks", "bars"}
    assert topics["fills"].kafka_settings() == {
        "cleanup.policy": "delete",
        "retention.ms": "7776000000",
        "compression.type": "gzip",
    }
    assert topics["positions"].kafka_settings() == {
        "cleanup.policy": "compact",
        "retention.ms": "-1",
        "compression.type": "gzip",
        "min.compaction.lag.ms": "3600000",
    }
    by_broker = {name for name, topic in topics.items() if "message.timestamp.type" in topic.settings}
    assert by_broker == {"ticks", "inbox", "barriers"}
    compressed = {name for name, topic in topics.items() if "compression.type" in topic.settings}
    others_write = {"signals", "commands", "ticks"}
    assert compressed == set(topics) - others_write - {"barriers"}  # whose records are too small


def test_the_page_about_the_wire_names_every_public_topic():
    page = (Path(__file__).parents[2] / "docs" / "wire.md").read_text("utf-8")
    public = catalog().public.values()
    keys = re.findall(r"^\| (`.+?) \|", page.partition("## Keys")[2], re.MULTILINE)
    assert sorted(re.findall(r"`(.+?)`", " ".join(keys))) == sorted(topic.name for topic in public)
    (read_as_json,) = re.findall(r"^\| `\{` \| JSON \| (.+) \|$", page, re.MULTILINE)
    assert {topic.name for topic in public if topic.json} == set(re.findall(r"`(.+?)`", read_as_json))


def test_another_market_is_a_topic_like_ticks():
    assert catalog().topic("ticks.crypto") is catalog().topic("ticks")


def copied(tmp_path):
    """The catalogue's files."""
    for part in ("topics", "avro"):
        shutil.copytree(PACKAGE / part, tmp_path / part)
    return tmp_path


def edited(tmp_path, file, old, new):
    """The same with one passage changed."""
    path = copied(tmp_path) / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("topics/fills.yaml", "name: fills", "name: filled", "fills.yaml: name: must be fills, like the file"),
        ("topics/fills.yaml", "partitions: 8", "partitions: 0", "fills.yaml: partitions: must be a whole number from 1"),
        ("topics/fills.yaml", "key: the account\n", "", "fills.yaml: key: is missing"),
        ("topics/fills.yaml", "retention: 90d", "retention: long", "fills.yaml: retention: must be forever or a duration"),
        ("topics/fills.yaml", "compacted: false", "compacted: 0", "fills.yaml: compacted: must be true or false"),
        ("topics/fills.yaml", "encoding: avro", "encoding: xml", "fills.yaml: encoding: must be avro or msgpack"),
        ("topics/fills.yaml", "messages: [fill]", "messages: []", "fills.yaml: messages: must be a list"),
        ("topics/fills.yaml", "messages: [fill]", "messages: [fill, row]", "fills.yaml: messages.row: is none of signal"),
        ("topics/fills.yaml", "messages: [fill]", "messages: [filing]", "fills.yaml: messages.filing: is none of signal"),
        ("topics/fills.yaml", "- message: fill", "- message: bar", "fills.yaml: examples.0.message: is not among"),
        ("topics/fills.yaml", "name: fills", "name: fills\nkeys: x", "fills.yaml: keys: is none of"),
        ("topics/inbox.yaml", "settings:", "settings: 1\nsetting:", "inbox.yaml: setting: is none of"),
        ("topics/barriers.yaml", "settings:\n ", "settings: 1 #", "barriers.yaml: settings: must map Kafka's settings"),
        ("topics/inbox.yaml", "message.timestamp.type", "retention.ms", "inbox.yaml: settings.retention.ms: is none of"),
        ("topics/inbox.yaml", "LogAppendTime", "Now", "inbox.yaml: settings.message.timestamp.type: must be one of CreateTime"),
        ("topics/positions.yaml", "3600000", "1h", "positions.yaml: settings.min.compaction.lag.ms: must be a whole number from 0"),
        ("topics/fills.yaml", "name: fills", "name: [", "fills.yaml: file: is not YAML"),
        ("avro/fill.v1.avsc", '"namespace": "ghostfill"', '"namespace": "x"', "fill.v1.avsc: namespace: must be a record"),
        ("avro/fill.v1.avsc", '"type": "long"', '"type": "tall"', "fill.v1.avsc: schema: is not an Avro schema"),
        ("avro/fill.v1.avsc", "{", "", "fill.v1.avsc: schema: is not an Avro schema"),
    ],
)  # fmt: skip
def test_an_error_names_the_file_and_the_key(tmp_path, file, old, new, said):
    with pytest.raises(CatalogError) as caught:
        Catalog(edited(tmp_path, file, old, new))
    assert str(caught.value).startswith(said)


def test_a_version_must_read_the_one_before_it(tmp_path):
    folder = copied(tmp_path)
    text = (folder / "avro/fill.v1.avsc").read_text()
    added = text.replace('"fields": [', '"fields": [\n{"name": "venue", "type": "string"},')
    (folder / "avro/fill.v2.avsc").write_text(added)
    with pytest.raises(CatalogError, match=r"fill\.v2\.avsc: venue: needs a default"):
        Catalog(folder)


def test_versions_have_no_gap(tmp_path):
    folder = copied(tmp_path)
    text = (folder / "avro/fill.v1.avsc").read_text()
    (folder / "avro/fill.v3.avsc").write_text(text.replace('"fee"', '"fees"'))
    with pytest.raises(CatalogError, match=r"fill\.v3\.avsc: version: fill\.v2\.avsc is missing"):
        Catalog(folder)
