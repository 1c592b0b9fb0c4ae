"""Dead letters on a screen."""

from collections.abc import Iterable
from typing import Any

import orjson
from rich import box
from rich.console import Console
from rich.table import Table

ERROR_SHOWN = 100


def _table(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        is_number = title in ("dead", "waiting", "in hand", "tries", "covers")
        table.add_column(title, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    return table


def groups(found: Iterable[dict[str, Any]]) -> Table:
    """Return groups, with what helps."""
    table = _table("group", "service", "what failed", "dead", "waiting", "in hand", "error", "what helps", "who")
    for one in found:
        numbers = (str(one["dead"]), str(one["waiting"]), str(one["in_hand"]))
        error = f"{one['error_class']}: {one['error']}"[:ERROR_SHOWN]
        who = ", ".join(name for name in one["assignees"] if name)
        what = one["kind"] or one["source"]
        table.add_row(one["group"], one["service"], what, *numbers, _plain(error), one["playbook"]["title"], who)
    return table


def letters(found: Iterable[dict[str, Any]]) -> Table:
    """Return letters, one a line."""
    table = _table("letter", "what failed", "state", "tries", "of", "since", "error", "who")
    for one in found:
        error = f"{one['error_class']}: {one['error']}"[:ERROR_SHOWN]
        name, what = f"{one['service']}/{one['id']}", one["kind"] or one["source"]
        cells = (one["correlation_id"] or "-", str(one["created_at"])[:19], _plain(error), one["assignee"] or "-")
        table.add_row(name, what, one["state"], str(one["tries"]), *cells)
    return table


def acts(found: Iterable[dict[str, Any]]) -> Table:
    """Return acts and what became of their letters."""
    table = _table("act", "service", "what", "state", "covers", "came of it", "by", "reason")
    for one in found:
        what = f"{one['action']} to {one['target']}" if one["target"] else one["action"]
        state = f"{one['state']}: {one['note']}" if one["note"] else one["state"]
        counts = ", ".join(f"{count} {name}" for name, count in one["counts"].items())
        table.add_row(one["id"], one["service"], what, state, str(one["covered"]), counts, one["actor"], one["reason"])
    return table


def print_letter(console: Console, one: dict[str, Any]) -> None:
    """Print everything about one letter."""
    console.print(f"[bold]{one['service']}/{one['id']}[/]  {one['state']}  {one['kind'] or one['source']}")
    came = f"{one['stream']}:{one['stream_seq']} {one['subject']}" if one["stream"] else one["origin"]
    lines = {
        "error": f"{one['error_class']}: {one['error']}",
        "came from": f"{one['source']} {came}",
        "order": one["correlation_id"],
        "tries": one["tries"],
        "since": str(one["created_at"])[:19],
        "group": one["fingerprint"],
        "who": one["assignee"],
        "outcome": one["outcome"],
        "what helps": f"{one['playbook']['title']}: {one['playbook']['steps']}",
    }
    for name, value in lines.items():
        if value is not None:
            console.print(f"  {name:<11} {_plain(str(value))}", soft_wrap=True, highlight=False)
    for done in one["history"]:
        said = f"  {str(done['at'])[:19]} {done['action']} by {done['actor']} {done['reason']}"
        console.print(said, markup=False, soft_wrap=True)
    body = one["body"] if isinstance(one["body"], str) else orjson.dumps(one["body"]).decode()
    console.print(body, markup=False, soft_wrap=True, highlight=False)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
