"""Whoever is woken by an alarm, or finds a dead letter, has a page that says what to do."""

import re

import pytest
from workspace import ROOT

from chassis.failures import playbooks

FOLDER = ROOT / "docs" / "runbooks"
ALARMS = (
    "breaker-open", "broker-denied", "carrier-silent", "ceiling-reached", "dead-letters", "disk", "durable-missing",
    "effects", "lag", "lost-tail", "outbox-age", "partner-over-quota", "retries", "service-away", "sla-at-risk",
    "sla-breached",
)  # fmt: skip
PARTS = ["What it means", "How to see it", "What to do", "How to know it is over"]
LINK = re.compile(r"\]\(([^)#]+\.md)")


@pytest.mark.parametrize("name", [*ALARMS, *sorted(playbooks.load())])
def test_alarm_and_playbook_have_a_runbook_in_the_index(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert f"({name}.md)" in (FOLDER / "README.md").read_text()


def test_playbook_and_runbook_say_the_same() -> None:
    different = [
        remedy
        for remedy, playbook in playbooks.load().items()
        if [f"# {playbook.title}", f"Playbook `{remedy}` · for {playbook.team}"] != _head(remedy)
    ]
    assert different == []


def _head(name: str) -> list[str]:
    title, second, *_ = (FOLDER / f"{name}.md").read_text().splitlines()
    return [title, second.rsplit(" · ", 1)[0]]


def test_runbooks_link_to_pages_that_are_there() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in FOLDER.glob("*.md")
        for target in LINK.findall(page.read_text())
        if not (page.parent / target).is_file()
    ]
    assert broken == []
