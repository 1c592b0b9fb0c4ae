"""Write the Grafana dashboards from the panels listed here; a test compares the files with them."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy" / "observability" / "grafana"
WIDTH, HEIGHT, ACROSS = 8, 8, 24
HERE = 'job=~"$service"'


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph: what it shows, in which unit, and the lines by the label they are named after."""

    title: str
    about: str
    expression: str
    legend: str = "{{job}}"
    unit: str = "short"


MESH: Mapping[str, Sequence[Panel]] = {
    "Throughput": (
        Panel(
            "Messages taken, by domain",
            "What services take from the streams of each domain.",
            f"sum by (domain) (rate(crossdock_consumed_total{{{HERE}}}[$__rate_interval]))",
            "{{domain}}",
            "cps",
        ),
        Panel(
            "Events published, by stream",
            "What services publish to each stream.",
            f"sum by (stream) (rate(crossdock_published_total{{{HERE}}}[$__rate_interval]))",
            "{{stream}}",
            "cps",
        ),
        Panel(
            "Messages per transaction",
            "Grows with load: one commit settles what has queued.",
            f"sum by (job) (rate(crossdock_commit_size_sum{{{HERE}}}[$__rate_interval]))"
            f" / sum by (job) (rate(crossdock_commit_size_count{{{HERE}}}[$__rate_interval]))",
        ),
    ),
    "Lag": (
        Panel(
            "Messages behind",
            "As the consumers' leaders tell; a gap is a lag nobody knows, not a lag of nought.",
            f"sum by (job) (max by (job, durable) (crossdock_lag{{{HERE}}}))",
        ),
        Panel(
            "Messages behind, by durable",
            "One line that stands apart is one partition that is stuck.",
            f"topk(10, max by (durable) (crossdock_lag{{{HERE}}}))",
            "{{durable}}",
        ),
        Panel(
            "Durables missing",
            "Above nought: run the provisioner.",
            f"max by (job) (crossdock_durables_missing{{{HERE}}})",
        ),
    ),
    "Failures": (
        Panel(
            "Messages kept to be tried again",
            "They wait in the service, in order.",
            f"sum by (job) (rate(crossdock_retries_total{{{HERE}}}[$__rate_interval]))",
            unit="cps",
        ),
        Panel(
            "Dead letters in 15 minutes",
            "Each waits for a person.",
            f"sum by (job, source) (increase(crossdock_dead_letters_total{{{HERE}}}[15m]))",
            "{{job}} from {{source}}",
        ),
        Panel(
            "Refused by the broker in 15 minutes",
            "A service tried what the topology does not give it.",
            f"sum by (job) (increase(crossdock_broker_denied_total{{{HERE}}}[15m]))",
        ),
    ),
    "Promises": (
        Panel(
            "Age of the oldest unpublished event",
            "What others cannot know yet.",
            f"max by (job) (crossdock_outbox_age_seconds{{{HERE}}})",
            unit="s",
        ),
        Panel(
            "Promises at risk or broken",
            "Events of the control tower: an order will be late, or is.",
            'sum(increase(crossdock_published_total{job="control-tower",stream="OPS"}[15m]))',
            "in 15 minutes",
        ),
        Panel(
            "Events a stream lost",
            "Acknowledged and no longer there; they can be published again.",
            f"max by (job, stream) (crossdock_outbox_lost{{{HERE}}})",
            "{{stream}} of {{job}}",
        ),
    ),
    "Saturation": (
        Panel(
            "Calls that wait",
            "Calls to the outside, in memory and table.",
            f"max by (job, effect) (crossdock_effects_waiting{{{HERE}}})",
            "{{effect}}",
        ),
        Panel(
            "Repeats dropped",
            "What the inbox knew already; many after a restart are well.",
            f"sum by (job) (rate(crossdock_duplicates_dropped_total{{{HERE}}}[$__rate_interval]))",
            unit="cps",
        ),
        Panel(
            "Calls in flight, mean",
            "Time spent in calls per second.",
            f"sum by (job, effect) (rate(crossdock_effect_seconds_sum{{{HERE}}}[$__rate_interval]))",
            "{{effect}}",
        ),
    ),
}
SYSTEMS: Mapping[str, Sequence[Panel]] = {
    "Outside systems": (
        Panel(
            "Breaker",
            "0 closed, 1 half open, 2 open.",
            f"max by (job, system) (crossdock_breaker_state{{{HERE}}})",
            "{{system}}",
        ),
        Panel(
            "Calls kept back",
            "Not made: breaker, retry-after or budget.",
            f"sum by (system, reason) (rate(crossdock_calls_kept_back_total{{{HERE}}}[$__rate_interval]))",
            "{{system}}: {{reason}}",
            "cps",
        ),
        Panel(
            "Wait for the pace, 99th percentile",
            "How long calls wait for their turn.",
            "histogram_quantile(0.99, sum by (system, le) "
            f"(rate(crossdock_pace_seconds_bucket{{{HERE}}}[$__rate_interval])))",
            "{{system}}",
            "s",
        ),
    ),
    "Calls": (
        Panel(
            "Calls made",
            "By kind.",
            f"sum by (effect) (rate(crossdock_effect_seconds_count{{{HERE}}}[$__rate_interval]))",
            "{{effect}}",
            "cps",
        ),
        Panel(
            "Duration, 99th percentile",
            "By kind.",
            "histogram_quantile(0.99, sum by (effect, le) "
            f"(rate(crossdock_effect_seconds_bucket{{{HERE}}}[$__rate_interval])))",
            "{{effect}}",
            "s",
        ),
        Panel(
            "Calls that failed",
            "By kind and cause.",
            f"sum by (effect, kind) (rate(crossdock_effect_failures_total{{{HERE}}}[$__rate_interval]))",
            "{{effect}}: {{kind}}",
            "cps",
        ),
    ),
}
DASHBOARDS = {"mesh": ("Crossdock: mesh", MESH), "systems": ("Crossdock: outside systems", SYSTEMS)}
SOURCE = {"type": "prometheus", "uid": "${source}"}


def graph(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    """Return a panel in Grafana's form."""
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": panel.expression, "legendFormat": panel.legend}],
    }


def row(title: str, number: int, y: int) -> dict[str, Any]:
    """Return a row's headline in Grafana's form."""
    return {"id": number, "type": "row", "title": title, "gridPos": {"x": 0, "y": y, "w": ACROSS, "h": 1}, "panels": []}


def variables() -> list[dict[str, Any]]:
    """Return what the reader chooses: the data source, and services."""
    query = "label_values(crossdock_outbox_age_seconds, job)"
    return [
        {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"},
        {
            "name": "service",
            "label": "Service",
            "type": "query",
            "datasource": SOURCE,
            "query": {"query": query, "refId": "services"},
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "allValue": ".+",
            "current": {"text": "All", "value": "$__all"},
        },
    ]


def dashboard(slug: str, title: str, rows: Mapping[str, Sequence[Panel]]) -> dict[str, Any]:
    """Return a dashboard in Grafana's form."""
    panels: list[dict[str, Any]] = []
    y = 0
    for headline, listed in rows.items():
        panels.append(row(headline, len(panels) + 1, y))
        panels += [graph(panel, len(panels) + 1 + at, at * WIDTH, y + 1) for at, panel in enumerate(listed)]
        y += HEIGHT + 1
    return {
        "uid": f"crossdock-{slug}",
        "title": title,
        "tags": ["crossdock"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": variables()},
        "panels": panels,
    }


def written() -> dict[Path, str]:
    """Return every file and its content."""
    return {
        FOLDER / f"{slug}.json": json.dumps(dashboard(slug, title, rows), indent=1) + "\n"
        for slug, (title, rows) in DASHBOARDS.items()
    }


def stale() -> list[Path]:
    """Return the files that are not what this module would write."""
    return [path for path, text in written().items() if not path.is_file() or path.read_text() != text]


def main() -> int:
    """Write the files."""
    for path, text in written().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
