"""The pages say the limits that hold."""

import re
from pathlib import Path

from schemas.catalog import catalog
from sinks.asking.questions import questions
from sinks.blocks.tables import MARKETS, TABLES
from sinks.database.migrate import VIEWS
from sinks.rights.harmless import CEILINGS
from sinks.rights.query_size import MOST_SELECTS
from sinks.server.readers import AT_ONCE, WAIT_S
from sinks.server.requests import MOST_ASKED, MOST_UNPACKED
from streams.web.state.kept_answers import LIMITS, MOST_BYTES

DOCS = Path(__file__).parents[2] / "docs"


def text(name):
    """A page's, without its line breaks."""
    return re.sub(r"\s+", " ", (DOCS / name).read_text("utf-8"))


def test_what_who_only_reads_may_ask():
    asked, seconds, memory = (
        MOST_ASKED >> 10,
        CEILINGS["max_execution_time"],
        CEILINGS["max_memory_usage"] >> 30,
    )
    page = text("clickhouse.md")
    for said in (
        f"| a statement, packed or not | {asked} KiB |",
        f"as often as it is asked for | {MOST_SELECTS} |",
        f"`max_execution_time` | {seconds} s;",
        f"`max_memory_usage` | {memory} GiB;",
        f"| statements at once | {AT_ONCE}; another waits ten seconds",
        f"{MOST_UNPACKED >> 20} MiB unpacked at most",
    ):
        assert said in page, said
    assert WAIT_S == 10
    limits = f"{asked} KiB, {seconds} s, {memory} GiB, {MOST_SELECTS} SELECTs, {AT_ONCE} at once"
    assert limits in text("security.md")


def test_what_the_api_answers():
    seconds, memory = LIMITS["max_execution_time"], int(str(LIMITS["max_memory_usage"])) >> 30
    rows, size = f"{LIMITS['max_result_rows']:,} rows", f"{MOST_BYTES >> 20} MiB of a result"
    assert f"{seconds} seconds, {memory} GiB, one statement at a time, and {rows} and {size}" in text(
        "api.md"
    )
    assert f"{seconds} s, {memory} GiB; {rows} and {size}" in text("security.md")


def test_every_question_table_and_view_is_listed():
    asked, tables = (DOCS / "queries.md").read_text("utf-8").split("## Tables and views")
    rows = [re.findall(r"`(.+?)`", row) for row in re.findall(r"^\| (`.+?) \|", asked, re.MULTILINE)]
    listed = [name for row in rows for name in row]
    assert sorted(listed) == [name for name in questions() if not name.startswith("report-")]
    said, views = tables.split("| View |")
    named = re.findall(r"`(\w+)`", said.partition(":")[0])
    assert sorted(named) == sorted([*MARKETS, *(table.name for table in TABLES.values())])
    rows = [re.findall(r"`(.+?)`", row) for row in re.findall(r"^\| (`.+?) \|", views, re.MULTILINE)]
    assert sorted(name for row in rows for name in row) == sorted(
        file.stem.partition("_")[2] for file in VIEWS.glob("*.sql")
    )


def test_the_catalogue_says_which_topics_the_sink_reads():
    said = {topic.name for topic in catalog().topics.values() if "sinks" in topic.readers}
    assert said == {*TABLES, *MARKETS}
