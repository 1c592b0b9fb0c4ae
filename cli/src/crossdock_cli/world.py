"""The simulated outside world's control desk: run a scenario, follow it, ask its ledgers."""

from dataclasses import dataclass
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
        said = fields.get("detail") or fields.get("error") or f"status {answer.status}"
        code = Exit.USAGE if answer.status in (400, 404, 409, 422) else Exit.UNCLEAN
        raise CliError(f"The sandbox refused: {said}.", code)

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
