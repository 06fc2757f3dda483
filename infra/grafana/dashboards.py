"""Makes Grafana's dashboards of the files beside it that people write: `make dashboards`.

Rules of this file: what all panels of a kind have in common is here, once; a file says what is its own. The
same files give the same bytes.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
MADE = HERE / "dashboards"
NAMES = ("trading", "operations")

COLUMNS = 24
HEIGHTS = {"stat": 4, "table": 8}
HEIGHT = 8
CLICKHOUSE = {"type": "grafana-clickhouse-datasource", "uid": "clickhouse"}
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
PLUGIN = "4.20.0"
"""The version of ClickHouse's plugin whose queries these are."""
AS_SERIES, AS_TABLE = 0, 1
SCHEMA = 41

Json = dict[str, Any]


def dashboard(source: Mapping[str, Any]) -> Json:
    return {
        "uid": source["uid"],
        "title": source["title"],
        "description": source["description"],
        "tags": ["ghostfill"],
        "schemaVersion": SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": source["from"], "to": "now"},
        "refresh": "30s",
        "links": [_to_the_others()],
        "annotations": {"list": []},
        "templating": {"list": [_variable(each) for each in source.get("variables", [])]},
        "panels": list(_panels(source["sections"])),
    }


def _to_the_others() -> Json:
    return {
        "type": "dashboards", "title": "Ghostfill", "tags": ["ghostfill"], "asDropdown": False, "tooltip": "",
        "icon": "external link", "includeVars": False, "keepTime": True, "targetBlank": False,
    }  # fmt: skip


def _variable(source: Mapping[str, Any]) -> Json:
    return {
        "type": "query",
        "name": source["name"],
        "label": source["label"],
        "datasource": CLICKHOUSE,
        "query": source["sql"],
        "refresh": 2,
        "sort": 0,
        "multi": True,
        "includeAll": True,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _panels(sections: list[Mapping[str, Any]]) -> Iterator[Json]:
    """From left to right and from top to bottom, as they are written."""
    number, top = 0, 0
    for section in sections:
        number += 1
        place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        yield {"id": number, "gridPos": place, **_heading(section["title"])}
        left, top, tallest = 0, top + 1, 0
        for panel in section["panels"]:
            number += 1
            width, height = panel["width"], panel.get("height", HEIGHTS.get(panel["kind"], HEIGHT))
            if left + width > COLUMNS:
                left, top, tallest = 0, top + tallest, 0
            place = {"x": left, "y": top, "w": width, "h": height}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            left, tallest = left + width, max(tallest, height)
        top += tallest


def _heading(title: str) -> Json:
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def _panel(source: Mapping[str, Any]) -> Json:
    kind = KINDS[source["kind"]]
    targets = [*_targets(source, kind)]
    return {
        "type": kind["type"],
        "title": source["title"],
        **({"description": source["description"]} if "description" in source else {}),
        "datasource": CLICKHOUSE if "sql" in source else PROMETHEUS,
        "targets": targets,
        "fieldConfig": {"defaults": _defaults(source, kind), "overrides": []},
        "options": kind["options"],
    }


def _targets(source: Mapping[str, Any], kind: Mapping[str, Any]) -> Iterator[Json]:
    if "sql" in source:
        is_series = "legend" in source
        yield {
            "refId": "A",
            "datasource": CLICKHOUSE,
            "pluginVersion": PLUGIN,
            "editorType": "sql",
            "queryType": "timeseries" if is_series else "table",
            "format": AS_SERIES if is_series else AS_TABLE,
            "rawSql": source["sql"].strip(),
        }
    for letter, query in zip("ABCDEF", source.get("promql", []), strict=False):
        yield {
            "refId": letter,
            "datasource": PROMETHEUS,
            "expr": query["expr"],
            "legendFormat": query["legend"],
            "range": not kind["newest"],
            "instant": kind["newest"],
        }


def _defaults(source: Mapping[str, Any], kind: Mapping[str, Any]) -> Json:
    custom = {**kind["custom"], **({"axisLabel": source["axis"]} if "axis" in source else {})}
    found: Json = {"custom": custom} if custom else {}
    found |= {key: source[key] for key in ("unit", "decimals", "min", "max") if key in source}
    if source.get("legend"):
        found["displayName"] = source["legend"]
    if "steps" in source:
        found["color"] = {"mode": "thresholds"}
        found["thresholds"] = _thresholds(source["steps"])
    if "words" in source:
        found["color"] = {"mode": "thresholds"}
        found["mappings"] = [_words(source["words"])]
    return found


def _thresholds(steps: Mapping[str, float | None]) -> Json:
    return {
        "mode": "absolute",
        "steps": [{"color": color, "value": value} for color, value in steps.items()],
    }


def _words(words: Mapping[int, tuple[str, str]]) -> Json:
    return {
        "type": "value",
        "options": {str(value): {"text": text, "color": color} for value, (text, color) in words.items()},
    }


LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
TOOLTIP = {"mode": "multi", "sort": "desc"}
NEWEST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
LINES = {
    "drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": True,
}  # fmt: skip
BARS = {
    "drawStyle": "bars", "lineWidth": 0, "fillOpacity": 80, "stacking": {"mode": "normal", "group": "A"},
}  # fmt: skip
KINDS: Mapping[str, Json] = {
    "timeseries": {
        "type": "timeseries",
        "newest": False,
        "custom": LINES,
        "options": {"legend": LEGEND, "tooltip": TOOLTIP},
    },
    "bars": {
        "type": "timeseries",
        "newest": False,
        "custom": BARS,
        "options": {"legend": LEGEND, "tooltip": TOOLTIP},
    },
    "stat": {
        "type": "stat",
        "newest": True,
        "custom": {},
        "options": {
            "reduceOptions": NEWEST, "orientation": "auto", "textMode": "auto", "colorMode": "value",
            "graphMode": "none", "justifyMode": "auto", "wideLayout": True, "showPercentChange": False,
            "percentChangeColorMode": "standard",
        },
    },
    "table": {
        "type": "table",
        "newest": True,
        "custom": {"align": "auto", "inspect": False, "cellOptions": {"type": "auto"}},
        "options": {"showHeader": True, "cellHeight": "sm", "frameIndex": 0},
    },
    "states": {
        "type": "state-timeline",
        "newest": False,
        "custom": {"fillOpacity": 80, "lineWidth": 0},
        "options": {
            "legend": {**LEGEND, "showLegend": False}, "tooltip": TOOLTIP, "mergeValues": True,
            "rowHeight": 0.8, "showValue": "never",
        },
    },
}  # fmt: skip


def text_of(name: str) -> str:
    """The file that Grafana reads."""
    source = yaml.safe_load((HERE / f"{name}.yaml").read_text("utf-8"))
    return json.dumps(dashboard(source), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    for name in NAMES:
        (MADE / f"{name}.json").write_text(text_of(name), "utf-8")


if __name__ == "__main__":
    main()
