"""The dashboards as Grafana reads them, and what it would ask for each panel."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

INFRA = Path(__file__).parents[2] / "infra"
GRAFANA, PROMETHEUS = INFRA / "grafana", INFRA / "prometheus"
DASHBOARDS = {
    file.stem: json.loads(file.read_text("utf-8")) for file in (GRAFANA / "dashboards").glob("*.json")
}
INTERVAL_S = 15
RANGE = "1h"


class PanelQuery(NamedTuple):
    """One query of a panel, or of a variable."""

    name: str
    text: str


def panels(dashboard: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in dashboard["panels"] if each["type"] != "row"]


def statements() -> list[PanelQuery]:
    """What ClickHouse is asked."""
    found = [*_of_panels("rawSql")]
    for title, dashboard in DASHBOARDS.items():
        found += [
            PanelQuery(f"{title}: variable {each['name']}", each["query"])
            for each in dashboard["templating"]["list"]
        ]
    return found


def expressions() -> list[PanelQuery]:
    """What Prometheus is asked."""
    return [*_of_panels("expr")]


def _of_panels(what: str) -> Iterator[PanelQuery]:
    for title, dashboard in DASHBOARDS.items():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                if what in target:
                    yield PanelQuery(f"{title}: {panel['title']}", target[what])


def promql(text: str) -> str:
    """With Grafana's variables for a range of time as it would write them."""
    return text.replace("$__rate_interval", f"{4 * INTERVAL_S}s").replace("$__range", RANGE)


def sql(text: str, start: int, end: int, accounts: Sequence[str] | None) -> str:
    """As ClickHouse's plugin and Grafana would write it; no accounts are All."""
    for inner, whole in _conditions(text):
        text = text.replace(whole, inner if accounts is not None else "1=1", 1)
    quoted = ",".join(f"'{each}'" for each in accounts or ())
    text = text.replace("${account:singlequote}", quoted)
    text = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 >= toDateTime({start}) AND \1 <= toDateTime({end})", text)
    text = re.sub(
        r"\$__timeInterval\((\w+)\)",
        rf"toStartOfInterval(toDateTime(\1), INTERVAL {INTERVAL_S} second)",
        text,
    )
    return text.replace("$__interval_s", str(INTERVAL_S))


def _conditions(text: str) -> list[tuple[str, str]]:
    """What stands under a condition for all, and the whole of it."""
    found = re.finditer(r"\$__conditionalAll\((.*?), \$account\)", text)
    return [(each[1], each[0]) for each in found]
