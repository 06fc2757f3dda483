"""The dashboards are what was written, Grafana would take them, and people can read them."""

import shutil
import subprocess
from functools import partial
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from infra.grafana.dashboards import NAMES, text_of
from tests.infra.dashboards import DASHBOARDS, GRAFANA, expressions, panels, promql, sql, statements

SCHEMA = Path(__file__).parent / "schema"
COMPILER = SCHEMA / "node_modules" / ".bin" / "tsc"
STRICT = "--noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler --target es2022".split()
WRONG = (
    ('"schemaVersion": 41', '"schemaVersion": "41"'),
    ('"drawStyle": "line"', '"drawStyle": "lines"'),
    ('"type": "stat"', '"type": "number"'),
    ('"refId": "A"', '"refId": "A", "unknown": 1'),
    ('"textMode": "auto",', ""),
)
"""What Grafana would not take, in place of what is there."""
every = pytest.mark.parametrize("name", NAMES)


@every
def test_a_dashboard_is_made_of_its_file(name):
    made = (GRAFANA / "dashboards" / f"{name}.json").read_text("utf-8")
    assert made == text_of(name), "it is older than its file: `make dashboards`"


def test_every_dashboard_has_a_file():
    assert DASHBOARDS.keys() == set(NAMES)
    assert len({each["uid"] for each in DASHBOARDS.values()}) == len(NAMES)


@every
def test_panels_lie_side_by_side(name):
    dashboard = DASHBOARDS[name]
    assert len({each["id"] for each in dashboard["panels"]}) == len(dashboard["panels"])
    places = [each["gridPos"] for each in dashboard["panels"]]
    assert all(each["x"] >= 0 and each["x"] + each["w"] <= 24 for each in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


@every
def test_a_dashboard_is_not_overfull_and_each_panel_has_one_plain_title(name):
    found = panels(DASHBOARDS[name])
    titles = [each["title"] for each in found]
    assert len(titles) <= 20 and len(set(titles)) == len(titles)
    assert all(len(title) <= 40 and title[0].isupper() for title in titles)


@every
def test_queries_ask_a_data_source_that_is_provisioned(name):
    text = (GRAFANA / "provisioning" / "datasources" / "ghostfill.yaml").read_text("utf-8")
    sources = {each["uid"]: each["type"] for each in yaml.safe_load(text)["datasources"]}
    dashboard = DASHBOARDS[name]
    asked = [each["datasource"] for each in (*panels(dashboard), *dashboard["templating"]["list"])]
    asked += [target["datasource"] for each in panels(dashboard) for target in each["targets"]]
    assert {(each["uid"], each["type"]) for each in asked} <= set(sources.items())


def test_grafana_finds_the_dashboards_and_knows_where_clickhouse_is():
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/ghostfill.yaml").read_text())[
        "providers"
    ]
    assert provider["type"] == "file" and provider["options"]["path"]
    text = (GRAFANA / "provisioning" / "datasources" / "ghostfill.yaml").read_text("utf-8")
    clickhouse = {each["uid"]: each for each in yaml.safe_load(text)["datasources"]}["clickhouse"]
    settings = clickhouse["jsonData"]
    assert (
        settings["protocol"] == "http" and {"host", "port", "username", "defaultDatabase"} <= settings.keys()
    )
    assert clickhouse["secureJsonData"]["password"].startswith("$__file{"), "no password in a file of ours"


def test_no_macro_is_left_that_these_tests_do_not_know():
    known = [sql(each.text, 1, 2, ["a"]) for each in statements()] + [
        promql(each.text) for each in expressions()
    ]
    assert not [each for each in known if "$" in each]


@pytest.mark.live
@pytest.mark.skipif(
    not (shutil.which("node") and COMPILER.exists()),
    reason="Grafana's types are not here: `make test-observe` installs them where there is npm",
)
def test_dashboards_are_what_grafana_s_types_say(request):
    texts = {name: text_of(name) for name in NAMES}
    for number, (right, wrong) in enumerate(WRONG):
        assert right in texts["operations"]
        texts[f"wrong-{number}"] = texts["operations"].replace(right, wrong, 1)
    files = {name: SCHEMA / f"made-{name}.ts" for name in texts}
    for name, file in files.items():
        request.addfinalizer(partial(file.unlink, missing_ok=True))
        typed = f"export const found: GrafanaDashboard = {texts[name]};\n"
        file.write_text(f'import type {{ GrafanaDashboard }} from "./dashboard";\n{typed}', "utf-8")
    said = subprocess.run(
        [COMPILER, *STRICT, *(each.name for each in files.values())],
        cwd=SCHEMA, capture_output=True, text=True, timeout=300, check=False,
    ).stdout  # fmt: skip
    faulty = {line.partition("(")[0] for line in said.splitlines() if ": error TS" in line}
    assert faulty == {files[f"wrong-{number}"].name for number in range(len(WRONG))}, said
