"""The simulated outside world's control desk: run a scenario, follow it, ask its ledgers."""

from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.web import NoAnswer, call

CALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run: a story, how many orders, which world, how fast (orders per second; None is all at once)."""

    orders: int = 25
    seed: int = 7
    scenario: str = "happy-path"
    rate: float | None = None


def check_scenario(name: str) -> None:
    """Check that the installed sandbox knows a scenario, before anything is started for it.

    Raises:
        CliError: it does not.
    """
    known = scenarios()
    if known and name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}."
        raise CliError(f"There is no scenario {name}: {hint}", Exit.USAGE)


def scenarios() -> list[str]:
    """Return the names of the installed sandbox's scenarios; none when it is not installed here."""
    if find_spec("sandbox") is None:
        return []
    folder = files("sandbox") / "scenarios"
    return sorted(path.name.removesuffix(".yaml") for path in folder.iterdir() if path.name.endswith(".yaml"))


@dataclass(frozen=True, slots=True)
class World:
    """The sandbox of a mesh."""

    url: str

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = call(method, f"{self.url}/_sandbox/{path}", body, timeout=CALL_SECONDS)
        except NoAnswer as error:
            raise CliError(f"The sandbox cannot be used: {error}; see `crossdock status`.", Exit.NOT_RUNNING) from error
        if answer.ok:
            return answer.fields()
        fields = answer.fields()
        said = fields.get("error") or f"status {answer.status}"
        code = Exit.USAGE if answer.status in (400, 404, 409, 422) else Exit.UNCLEAN
        raise CliError(f"The sandbox refused: {said}.", code)

    def answers(self) -> bool:
        """Say whether a sandbox is there."""
        try:
            return "released" in self.progress()
        except CliError:
            return False

    def run(self, wish: Wish) -> dict[str, Any]:
        """Start a scenario."""
        body = {"scenario": wish.scenario, "orders": wish.orders, "seed": wish.seed, "rate_per_second": wish.rate}
        return self._ask("POST", "run", body)

    def progress(self) -> dict[str, Any]:
        """Return how far the running scenario is."""
        return self._ask("GET", "progress")

    def report(self) -> dict[str, Any]:
        """Return what the ledgers say: delivered, lost, doubled, from nowhere."""
        return self._ask("GET", "report")
