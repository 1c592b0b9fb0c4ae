"""Alerts and dashboards ask only for figures the services really tell; promtool runs the alerts' own tests."""

import re
import shutil
import subprocess
import warnings
from typing import Any

import pytest
import yaml
from charts import ROOT, example, objects, of_kind

from chassis.telemetry import Metrics

import dashboards

KIT = ROOT / "deploy" / "observability"
RULES = KIT / "prometheus" / "rules.yaml"
NAME = re.compile(r"crossdock_\w+")


def told() -> set[str]:
    """Return the name of every series a service exposes."""
    names = set()
    for family in Metrics().registry.collect():
        names.add(family.name)
        names |= {f"{family.name}_{end}" for end in ENDS[family.type]}
    return names


ENDS = {"counter": ("total",), "gauge": (), "histogram": ("bucket", "count", "sum")}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def test_alerts_ask_only_for_what_is_told() -> None:
    asked = {name for rule in rules() for name in NAME.findall(rule["expr"])}
    assert asked - told() == set()
    assert len(asked) >= 10


def test_dashboards_ask_only_for_what_is_told_and_are_current() -> None:
    assert [path.name for path in dashboards.stale()] == [], "run `make dashboards`"
    asked = {name for text in dashboards.written().values() for name in NAME.findall(text)}
    assert asked - told() == set()


def test_dashboards_show_every_figure() -> None:
    shown = {name for text in dashboards.written().values() for name in NAME.findall(text)}
    silent = {
        family.name for family in Metrics().registry.collect() if not any(s.startswith(family.name) for s in shown)
    }
    assert silent == set()


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_names_its_severity_and_its_runbook(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"warning", "critical"}
    assert (ROOT / alert["annotations"]["runbook"]).is_file()
    assert alert["annotations"]["summary"]


def test_every_alert_has_a_test_of_its_own() -> None:
    cases = yaml.safe_load((RULES.parent / "rules-test.yaml").read_text())["tests"]
    fired = {case["alertname"] for test in cases for case in test.get("alert_rule_test", []) if case.get("exp_alerts")}
    assert {alert["alert"] for alert in alerts()} == fired


def test_promtool_agrees() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        warnings.warn("promtool is not installed: the alerts' tests did not run", stacklevel=1)
        pytest.skip("promtool is not installed (Debian: prometheus)")
    for command in (["check", "rules", str(RULES)], ["test", "rules", str(RULES.with_name("rules-test.yaml"))]):
        done = subprocess.run([promtool, *command], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_chart_carries_the_same_rules() -> None:
    (rule,) = of_kind(objects("region", example("eu")), "PrometheusRule").values()
    assert rule["spec"] == yaml.safe_load(RULES.read_text())
    (boards,) = of_kind(objects("region", example("eu")), "ConfigMap").values()
    assert set(boards["data"]) == {path.name for path in dashboards.written()}
