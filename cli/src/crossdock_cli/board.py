"""The picture of `crossdock top`: drawn in the terminal's second screen, gone when it ends."""

import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from crossdock_cli import screen
from crossdock_cli.gauges import Gauge, Gauges, Look

ENDS = frozenset({"q", "Q", "\x1b", "\x03"})
ENDED = frozenset({"completed", "return closed", "cancelled"})


def drawn(look: Look) -> RenderableType:
    """Return the picture of a look."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("service", no_wrap=True)
    for title in ("lag", "in/s", "out/s", "failed", "tried", "calls", "outbox"):
        table.add_column(title, justify="right")
    table.add_column("systems")
    for one in look.services:
        table.add_row(*_cells(one))
    return Group(_headline(look), table, Text("q ends it · crossdock dlq list shows what failed", style="dim"))


def _headline(look: Look) -> Text:
    opened = sum(number for name, number in look.stages.items() if name not in ENDED)
    dead = sum(one.dead for one in look.services)
    late = "the tower does not answer" if look.late is None else f"{look.late} time limits at risk or past"
    done = look.stages.get("completed", 0)
    return Text.assemble(
        (time.strftime("%H:%M:%S ", time.localtime(look.at)), "dim"),
        f"{look.published_per_second:g} events/s · {opened} orders open · {done} completed · ",
        (f"{dead} failed", "red" if dead else "green"),
        " · ",
        (late, "red" if look.late is None or look.late else "green"),
    )


def _cells(one: Gauge) -> list[str | Text]:
    name = Text(one.name) if one.ready else Text(f"{one.name}: {one.why or 'not ready'}", style="red")
    rates = [
        f"{value:g}" if value is not None else "-" for value in (one.consumed_per_second, one.published_per_second)
    ]
    away = [f"{system} {state}" for system, state in one.breakers.items() if state != "closed"]
    well = f"{len(one.breakers) - len(away)} ok" if len(away) < len(one.breakers) else ""
    systems = Text.assemble((", ".join(away), "red"), " " if away and well else "", well)
    return [
        name,
        Text("-" if one.lag is None else str(one.lag), style="yellow" if (one.lag or 0) > 1000 else ""),
        *rates,
        Text(str(one.dead), style="red" if one.dead else ""),
        str(one.retried),
        str(one.calls_waiting),
        Text(f"{one.outbox_age_seconds:g} s", style="yellow" if one.outbox_age_seconds > 5 else ""),
        systems,
    ]


def watch(gauges: Gauges, every: float) -> None:
    """Draw a look again and again until somebody presses q."""
    with _keys(), Live(drawn(gauges.look()), console=screen.out(), screen=True, auto_refresh=False) as live:
        while not _ended(every):
            live.update(drawn(gauges.look()), refresh=True)


@contextmanager
def _keys() -> Iterator[None]:
    """Have the terminal give each key at once, and give it back as it was."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _ended(seconds: float) -> bool:
    """Wait a while; says whether a key ended it."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], left)[0] and sys.stdin.read(1) in ENDS:
            return True
    return False
