"""The alert rules: what `promtool` says of them, and that each says what to do."""

import shutil
import subprocess

import pytest
import yaml

from tests.infra.dashboards import INFRA, PROMETHEUS

DOCS = INFRA.parent / "docs" / "running.md"
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
TESTS = yaml.safe_load((PROMETHEUS / "alerts.test.yml").read_text("utf-8"))["tests"]
every = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool is not here: `make prometheus` installs it (Debian's package `prometheus`)",
)


def promtool(*words, folder=PROMETHEUS):
    done = subprocess.run(
        ["promtool", *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


@needs_promtool
def test_prometheus_takes_the_files():
    assert promtool("check", "rules", "alerts.yml")[0] == 0
    assert promtool("check", "config", "--syntax-only", "prometheus.yml")[0] == 0


@needs_promtool
def test_alerts_fire_when_they_should_and_only_then():
    code, said = promtool("test", "rules", "alerts.test.yml")
    assert code == 0, said


@needs_promtool
@pytest.mark.live
@every
def test_an_alert_that_is_left_out_is_missed(rule, tmp_path):
    shutil.copy(PROMETHEUS / "alerts.test.yml", tmp_path)
    left = [{**each, "expr": "vector(0) > 1"} if each is rule else each for each in RULES]
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": left}]}))
    assert promtool("test", "rules", "alerts.test.yml", folder=tmp_path)[0] != 0


@needs_promtool
@pytest.mark.live
@every
def test_an_alert_that_fires_at_once_is_found_out(rule, tmp_path):
    """One that waits for nothing, or takes everything for wrong, spoils a case in which it must not fire."""
    shutil.copy(PROMETHEUS / "alerts.test.yml", tmp_path)
    metric = rule["expr"].split("{")[0].split("(")[-1].split(" ")[0].split("[")[0]
    left = [{**each, "expr": f"{metric} > -1", "for": "0s"} if each is rule else each for each in RULES]
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": left}]}))
    assert promtool("test", "rules", "alerts.test.yml", folder=tmp_path)[0] != 0


@every
def test_an_alert_says_what_is_wrong_and_what_to_do(rule):
    said = rule["annotations"]
    assert rule["for"] and rule["labels"]["severity"] in ("critical", "warning")
    assert said["summary"].endswith(".") and len(said["summary"]) <= 90
    assert said["description"].endswith((".", "it\nagain.")) and len(said["description"]) > 60


@every
def test_an_alert_stands_in_the_manual(rule):
    assert f"| `{rule['alert']}` |" in DOCS.read_text("utf-8")


def test_every_alert_has_a_case_of_its_own():
    cases = str(TESTS)
    assert not [rule["alert"] for rule in RULES if rule["alert"] not in cases]
