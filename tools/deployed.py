"""Where compose, chart and Prometheus name a service: each function returns a file's text with one service more."""

import re
from pathlib import Path
from string import Template

COMPOSE, CHART = Path("docker-compose.yml"), Path("deploy/helm/region/values.yaml")
PROMETHEUS = Path("deploy/observability/prometheus/prometheus.yml")
BLOCK = Template((Path(__file__).parent / "templates" / "compose.yaml.in").read_text())
REGIONS = {"eu": ("", 0, ""), "us": ("us-", 100, "\n    profiles: [second-region]")}
"""Of each region in compose: what its names begin with, how far its ports are moved, and its profile."""
LAST = "notification"
"""The service after whose place a further one is put."""


def in_compose(text: str, name: str, port: int) -> str:
    """Return docker-compose.yml with the service in each region, and with its database."""
    for region, (prefix, moved, profiles) in REGIONS.items():
        block = BLOCK.substitute(
            prefix=prefix,
            name=name,
            variable=name.upper().replace("-", "_"),
            region=region,
            port=port,
            published=port + moved,
            profiles=profiles,
        )
        text = text.replace(f"  {prefix}sandbox:\n", f"{block}  {prefix}sandbox:\n", 1)
    return re.sub(rf"(- --services=.*\b{LAST}\b.*)", rf"\1,{name}", text)


def in_chart(text: str, name: str, port: int, what: str) -> str:
    """Return the chart's values with the service's block."""
    return re.sub(rf"(  {LAST}: .*\n)", rf"\1  # -- {what}\n  {name}: {{port: {port}}}\n", text, count=1)


def in_prometheus(text: str, name: str, port: int) -> str:
    """Return Prometheus' configuration with the service's job."""
    job = f'  - {{job_name: {name}, static_configs: [{{targets: ["{name}:{port}"], labels: {{region: eu}}}}]}}\n'
    return re.sub(rf"(  - \{{job_name: {LAST}, .*\n)", rf"\1{job}", text, count=1)
