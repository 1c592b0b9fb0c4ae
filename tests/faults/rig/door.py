"""The outside world's own view of a system: its faults, and the traffic at its door."""

from dataclasses import dataclass
from typing import Any

from crossdock_cli.web import call

CALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Door:
    """One system of the sandbox at this address."""

    sandbox: str
    system: str

    def fault(self, **kinds: float) -> None:
        """Set faults by kind: slow (ms), error_rate, retry_after (seconds), down (seconds)."""
        for kind, value in kinds.items():
            body = {"system": self.system, "kind": kind, "value": value}
            assert call("POST", f"{self.sandbox}/_sandbox/faults", body, timeout=CALL_SECONDS).ok

    def heal(self) -> None:
        """Take all faults away, of the other systems too."""
        assert call("DELETE", f"{self.sandbox}/_sandbox/faults", timeout=CALL_SECONDS).ok

    def traffic(self, since: float = 0.0) -> dict[str, Any]:
        """Return calls, busiest second, repeats and early calls since a moment."""
        asked = f"{self.sandbox}/_sandbox/traffic?system={self.system}&since={since}"
        return call("GET", asked, timeout=CALL_SECONDS).fields()

    def report(self, since: float) -> dict[str, Any]:
        """Return the oracle's report, its times those of orders released since a moment."""
        return call("GET", f"{self.sandbox}/_sandbox/report?since={since}", timeout=CALL_SECONDS).fields()
