"""T09: thousands of failures in four groups are mended by people whose consoles and service are killed meanwhile."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rig.console import ACTOR, Console, ConsoleProcess
from rig.pipeline import Pipeline, environment_of, pipeline
from rig.process import ServiceProcess
from rig.remedies import ENDS, Ledger, ledger, noted
from rig.report import Report, size
from rig.source import BROKEN, Change, changes
from rig.verdict import judge

from chassis.local.ports import free_port
from chassis.testing import LocalMesh, eventually
from chassis.testing.sample.elsewhere import SERVICE as ELSEWHERE

if TYPE_CHECKING:
    from chassis.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(1800)]

GROUP = size(50, 1_250)
"""Messages in each of the four groups."""
REDIRECTED, JOINING, AGAIN = GROUP // 4, GROUP // 5, GROUP // 10
HANDLER_SECONDS = 0.005
DRAIN_SECONDS = size(60.0, 600.0)
ELSEWHERE_BUILD = ("chassis.testing.sample.elsewhere:build", "chassis.testing.sample.settings:SampleSettings")
BOLT, NUT = "bolt-1", "bolt-2"


def failing(word: str, count: int = GROUP) -> list[Change]:
    """Return changes of as many new orders that fail as a word says."""
    return [replace(change, word=word) for change in changes(count, 1)]


class Scene:
    """The service whose messages fail, the one some are redirected to, and the people who mend them."""

    def __init__(self, line: Pipeline, folder: Path, mesh: LocalMesh) -> None:
        self._line, self._folder, self._mesh = line, folder, mesh
        self._items, self._port = folder / "items", free_port()
        self.console = Console(f"http://127.0.0.1:{self._port}")
        self.service: ServiceProcess
        self.elsewhere: Settings
        self.broken, self.lacking = failing(BROKEN), failing(f"needs {BOLT}")
        self.refused, self.jammed, self.whole = failing("refused"), failing(""), failing("")
        self.joining = failing(f"needs {NUT}", JOINING)
        self.groups: dict[str, str] = {}

    async def begin(self) -> None:
        """Have four groups of messages fail between others that do not."""
        self._items.write_text("")
        self._line.outside.refuses = {change.order_id for change in self.jammed}
        await self.start()
        await self.do("POST", "/go-on", {"actor": ACTOR, "reason": "these failures are wanted"})
        kinds = (self.broken, self.lacking, self.refused, self.jammed, self.whole)
        await self._line.feed([change for changes in zip(*kinds, strict=True) for change in changes])
        await self._line.drain(within_seconds=DRAIN_SECONDS)
        found = await self.do("GET", "/groups")
        assert [group["dead"] for group in found] == [GROUP] * 4, found
        self.groups = {self.kind_of(group): group["group"] for group in found}

    @staticmethod
    def kind_of(group: dict[str, Any]) -> str:
        """Return which of the four groups one is."""
        return "jammed" if group["source"] == "effect-ring" else str(group["remedy"])

    async def start(self) -> None:
        """Start the service, where it was."""
        settings = {"port": self._port, "items_file": self._items, "handler_seconds": HANDLER_SECONDS}
        self.service = await self._line.start(**settings)

    async def start_elsewhere(self) -> None:
        """Start the other service, which knows the item that this one lacks."""
        items = self._folder / "items-elsewhere"
        items.write_text(BOLT)
        self.elsewhere = await self._mesh.settings(ELSEWHERE)
        process = ServiceProcess(
            environment_of(self.elsewhere, items_file=items), self._folder / "elsewhere.log", service=ELSEWHERE_BUILD
        )
        self._line.processes.append(process)
        await process.ready()

    async def add_items(self, *items: str) -> None:
        """Say which items are known."""
        await asyncio.to_thread(self._items.write_text, "\n".join(items))

    def open_console(self, task: str, what: dict[str, Any]) -> ConsoleProcess:
        """Give a person's console, a process of its own, one task."""
        process = ConsoleProcess(self.service.url, task, what)
        self._line.processes.append(process)
        return process

    async def do(self, method: str, path: str, body: object = None) -> Any:
        """Ask the service."""
        return await asyncio.to_thread(self.console.ask, method, path, body)

    async def act(self, action: str, selection: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Do an act and see it to its end."""
        wish = {"action": action, "selection": selection, "reason": f"to {action}", **more}
        return await asyncio.to_thread(self.console.act, wish)

    async def counts(self, act_id: str) -> dict[str, int]:
        """Return what became of an act's letters so far; nothing before it has begun."""
        acts = await self.do("GET", "/acts?limit=1")
        return dict((await self.do("GET", f"/acts/{act_id}"))["counts"]) if acts and acts[0]["id"] == act_id else {}

    async def dead(self, kind: str) -> list[dict[str, Any]]:
        """Return the dead letters of a group."""
        return await asyncio.to_thread(self.console.letters, self.groups[kind])


@asynccontextmanager
async def scene(mesh: LocalMesh, folder: Path) -> AsyncIterator[tuple[Scene, Pipeline]]:
    """Give a scene in which all has failed that will."""
    async with pipeline(mesh, folder) as line:
        made = Scene(line, folder, mesh)
        await made.begin()
        yield made, line


async def discard_and_redirect(at: Scene) -> None:
    """Discard what no schema fits, and hand some of what lacks an item to the service that knows it."""
    discarded = await at.act("discard", {"group": at.groups["fix-at-sender"]})
    assert discarded["covered"] == GROUP
    await at.start_elsewhere()
    ids = [letter["id"] for letter in (await at.dead("add-item"))[:REDIRECTED]]
    assert (await at.act("redirect", {"ids": ids}, target=ELSEWHERE))["covered"] == REDIRECTED


async def edit_while_the_console_dies(at: Scene) -> None:
    """Correct each refused message and retry it; the console is killed half-way, and another goes on."""
    task = {"group": at.groups["check-address"], "wrong": "1 refused", "right": "1", "reason": "agreed with the sender"}
    first = at.open_console("mend", task)

    async def some_edited() -> bool:
        return len(await at.dead("check-address")) < GROUP

    await eventually(some_edited, within_seconds=120)
    await first.kill()
    left = len(await at.dead("check-address"))
    assert 0 < left < GROUP, left
    assert await at.open_console("mend", task).ended(within_seconds=300) == 0
    assert await at.dead("check-address") == []


async def retry_while_all_die(at: Scene, line: Pipeline) -> None:
    """Retry a group whose item was added: the console is killed, then the service; new failures join meanwhile."""
    await at.add_items(BOLT)
    wish = {"id": "bulk", "action": "retry", "selection": {"group": at.groups["add-item"]}, "reason": "item added"}
    first = at.open_console("act", wish)

    async def is_under_way() -> bool:
        return (await at.counts("bulk")).get("resolved", 0) > 0

    async def is_in_the_middle() -> bool:
        counts = await at.counts("bulk")
        return counts.get("resolved", 0) >= 6 and counts.get("in hand", 0) > 0

    await eventually(is_under_way)
    await first.kill()
    second = at.open_console("act", wish)
    await line.feed(at.joining[: JOINING // 2])
    await eventually(is_in_the_middle)
    await at.service.kill()
    assert at.service.exit_code == -signal.SIGKILL
    await line.feed(at.joining[JOINING // 2 :])
    await at.start()
    assert await second.ended(within_seconds=300) == 0
    await line.drain(within_seconds=DRAIN_SECONDS)
    bulk = await at.do("GET", "/acts/bulk")
    assert (bulk["state"], bulk["covered"]) == ("done", GROUP - REDIRECTED)
    assert bulk["counts"] == {"resolved": GROUP - REDIRECTED}, "it covers what was there when it began"
    assert len(await at.dead("add-item")) == JOINING


async def retry_what_took_effect(at: Scene, line: Pipeline) -> None:
    """Retry the joined ones when some of them have come again, and taken effect, by themselves."""
    await at.add_items(BOLT, NUT)
    await line.feed_copies(at.joining[:AGAIN], 1, seed=9)
    await line.drain(within_seconds=DRAIN_SECONDS)
    done = await at.act("retry", {"group": at.groups["add-item"]})
    assert (done["state"], done["counts"]) == ("done", {"resolved": JOINING})
    assert (await at.act("retry", {"group": at.groups["add-item"]}))["covered"] == 0


async def retry_before_it_is_mended(at: Scene, line: Pipeline) -> None:
    """Retry calls that are still refused: one is tried, the rest is not; mended, the same act goes on."""
    halted = await at.act("retry", {"group": at.groups["jammed"]})
    assert (halted["state"], halted["counts"]) == ("halted", {"dead again": 1, "not begun": GROUP - 1})
    line.outside.refuses = set()
    await at.do("POST", f"/acts/{halted['id']}/resume")
    await asyncio.to_thread(at.console.follow, halted["id"])
    left = await at.act("retry", {"group": at.groups["jammed"]})
    assert left["covered"] == 1
    await line.drain(within_seconds=DRAIN_SECONDS)


def assert_every_end(book: Ledger, at: Scene) -> None:
    """Check that each failed message is one letter in one final state, and the one that people meant."""
    failed = [at.broken, at.lacking, at.refused, at.jammed, at.joining]
    orders = [change.order_id for fed in failed for change in fed]
    assert sorted(letter.order_id for letter in book.letters) == sorted(orders)
    assert set(book.states) == set(ENDS), book.states
    assert book.orders(state="discarded") == {change.order_id for change in at.broken}
    redirected = book.orders(state="redirected")
    assert len(redirected) == REDIRECTED
    assert redirected < {change.order_id for change in at.lacking}


def taken(at: Scene, redirected: set[str]) -> Sequence[Change]:
    """Return the messages that are to have taken effect here."""
    fed = [*at.lacking, *at.refused, *at.jammed, *at.joining, *at.whole]
    return [Change(change.order_id, change.version) for change in fed if change.order_id not in redirected]


async def test_people_mend_four_groups(mesh: LocalMesh, tmp_path: Path, report: Report) -> None:
    async with scene(mesh, tmp_path) as (at, line):
        await discard_and_redirect(at)
        await edit_while_the_console_dies(at)
        await retry_while_all_die(at, line)
        await retry_what_took_effect(at, line)
        await retry_before_it_is_mended(at, line)
        book = await ledger(line.settings)
        assert_every_end(book, at)
        redirected = book.orders(state="redirected")
        assert await noted(at.elsewhere) == {order: ["1"] for order in redirected}
        verdict = judge(taken(at, redirected), replace(await line.seen(), letters=()))
    known = sum(letter.outcome == "it had taken effect before" for letter in book.letters)
    figure = (
        f"{len(book.letters):,} failures in 4 groups, {dict(book.states)}, console killed twice, service once: each in "
        f"one final state, {book.unaudited} of {len(book.history):,} acts on a letter unaudited, "
        f"{known} retried after they had taken effect: {verdict.doubled} second effects; {verdict}"
    )
    report.note("T09", "Remediation", seed=9, figure=figure, unaudited=book.unaudited, **verdict.counts)
    assert book.unaudited == 0
    assert known >= AGAIN
    assert verdict.is_clean
    assert verdict.repeated == 0
