"""Progress for people, on standard error: bars and tables that move on a terminal, one line per change otherwise."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from crossdock_cli.probe import Reading

QUIET_SECONDS = 5.0


def _is_live(console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal


@contextmanager
def starting(console: Console) -> Iterator[Callable[[list[Reading]], None]]:
    """Show the processes as they become ready."""
    seen: set[str] = set()
    if not _is_live(console):

        def say(readings: list[Reading]) -> None:
            for reading in readings:
                if reading.ready and reading.name not in seen:
                    seen.add(reading.name)
                    console.print(f"ready {reading.name} (pid {reading.pid})", markup=False)

        yield say
        return
    with Live(console=console, refresh_per_second=10, transient=True) as live:
        yield lambda readings: live.update(_grid(readings))


def _grid(readings: list[Reading]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for reading in readings:
        mark = "[green]✔[/]" if reading.ready else "[yellow]…[/]"
        grid.add_row(mark, reading.name, "" if reading.ready else f"[dim]{reading.why}[/]")
    return grid


@contextmanager
def orders(console: Console, title: str, total: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Show how many orders need nothing more."""
    if not _is_live(console):
        yield _lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=total, detail="")
        yield lambda progress: bar.update(task, completed=progress["final"], detail=words(progress))


@contextmanager
def replays(console: Console, begun: Iterable[dict[str, Any]]) -> Iterator[Callable[[Iterable[dict[str, Any]]], None]]:
    """Show how far replays are, one bar per service."""
    if not _is_live(console):
        yield _replay_lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        tasks = {one["id"]: bar.add_task(one["service"], total=one["total"], detail="") for one in begun}

        def say(found: Iterable[dict[str, Any]]) -> None:
            for one in found:
                bar.update(tasks[one["id"]], completed=one["done"], total=one["total"], detail=pace(one))

        yield say


@contextmanager
def acts(console: Console, begun: Iterable[dict[str, Any]]) -> Iterator[Callable[[Iterable[dict[str, Any]]], None]]:
    """Show how far acts on dead letters are: one bar per service on a terminal, else nothing until the end."""
    if not _is_live(console):
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks = {one["id"]: bar.add_task(one["service"], total=one["covered"]) for one in begun}

        def say(found: Iterable[dict[str, Any]]) -> None:
            for one in found:
                left = one["counts"].get("not begun", 0) + one["counts"].get("in hand", 0)
                bar.update(tasks[one["id"]], completed=one["covered"] - left)

        yield say


def pace(replay: dict[str, Any]) -> str:
    """Return the speed of a replay and the seconds left, in a few words."""
    speed = f"{replay['per_second']:.0f}/s" if replay["per_second"] else ""
    left = f"{replay['remaining_seconds']:.0f} s left" if replay["remaining_seconds"] is not None else replay["state"]
    return " · ".join(part for part in (speed, left) if part)


def _replay_lines(console: Console) -> Callable[[Iterable[dict[str, Any]]], None]:
    last = time.monotonic() - QUIET_SECONDS

    def say(found: Iterable[dict[str, Any]]) -> None:
        nonlocal last
        listed = list(found)
        is_over = all(one["state"] != "running" for one in listed)
        if is_over or time.monotonic() - last >= QUIET_SECONDS:
            last = time.monotonic()
            for one in listed:
                console.print(f"{one['service']} {one['done']}/{one['total']} · {pace(one)}", markup=False)

    return say


def words(progress: dict[str, Any]) -> str:
    """Return the stages of a run in a few words."""
    return " · ".join(
        f"{progress[name]} {name}" for name in ("released", "delivered", "cancelled") if progress.get(name)
    )


def _lines(console: Console) -> Callable[[dict[str, Any]], None]:
    last = time.monotonic()

    def say(progress: dict[str, Any]) -> None:
        nonlocal last
        is_final = progress["final"] >= progress["orders"]
        if is_final or time.monotonic() - last >= QUIET_SECONDS:
            last = time.monotonic()
            console.print(f"{progress['final']}/{progress['orders']} final · {words(progress)}", markup=False)

    return say
