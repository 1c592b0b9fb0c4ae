"""The charts as the real Helm engine renders them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import helm_python as helm
import yaml

ROOT = Path(__file__).resolve().parents[2]
HELM = ROOT / "deploy" / "helm"
EXAMPLES = {"minimal": "region", "eu": "region", "us": "region", "hub": "hub"}
"""Every example values file, and the chart it is for."""
RELEASE, NAMESPACE = "trial", "mesh"

Object = dict[str, Any]
Values = dict[str, Any]


def example(name: str) -> Values:
    """Return an example's values."""
    values: Values = yaml.safe_load((HELM / "values" / f"{name}.yaml").read_text())
    return values


def manifests(chart: str, values: Values) -> dict[str, str]:
    """Return what a chart renders, by template; loaded anew, for a chart keeps what a render switched off."""
    with helm.Chart.load(HELM / chart) as loaded:
        rendered: dict[str, str] = loaded.render(values, name=RELEASE, namespace=NAMESPACE)
    return rendered


def objects(chart: str, values: Values) -> list[Object]:
    """Return every object a chart renders."""
    rendered = manifests(chart, values)
    return [
        document
        for path, text in rendered.items()
        if not path.endswith("NOTES.txt")
        for document in yaml.safe_load_all(text)
        if document
    ]


def of_kind(found: list[Object], kind: str) -> dict[str, Object]:
    """Return the objects of a kind by name."""
    return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


def pods(found: list[Object]) -> Iterator[tuple[str, Object]]:
    """Yield the name and pod specification of everything that runs."""
    for one in found:
        name = f"{one['kind']} {one['metadata']['name']}"
        if one["kind"] == "Pod":
            yield name, one["spec"]
        elif template := one.get("spec", {}).get("template"):
            yield name, template["spec"]


def containers(spec: Object) -> list[Object]:
    """Return the containers of a pod, those that run first included."""
    return [*spec.get("initContainers", []), *spec["containers"]]


def environment(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container's environment: the value, or where it comes from."""
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container.get("env", [])}
