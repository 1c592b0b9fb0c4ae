"""The failures a handler may name, and the one that stops a process at start."""

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chassis.dependency import Dependency


class Failure(Exception):
    """A failure that was foreseen; what it says is shown to people, `remedy` names the playbook that helps."""

    remedy = "check-system"


class Temporary(Failure):
    """The same message may succeed later: it is tried again, in order, after `retry_in` or a back-off.

    What has not succeeded after a day becomes a dead letter with this remedy.
    """

    def __init__(self, reason: str, *, retry_in: timedelta | None = None, remedy: str = "check-system") -> None:
        super().__init__(reason)
        self.retry_in = retry_in
        self.remedy = remedy


class Throttled(Temporary):
    """An outside system takes no more calls for now; it is well."""


class NotAttempted(Temporary):
    """No call was made, for the system is to be left alone; `gate` says when it may be called."""

    def __init__(self, reason: str, *, gate: "Dependency", retry_in: timedelta) -> None:
        super().__init__(reason, retry_in=retry_in)
        self.gate = gate


class OverQuota(Temporary):
    """A partner sends more than it may; it is asked to come again later."""


class Permanent(Failure):
    """Trying again cannot help: the message becomes a dead letter with this remedy."""

    def __init__(self, reason: str, *, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


class Rejected(Permanent):
    """An outside system refused a call for good (HTTP 4xx)."""

    def __init__(self, reason: str, *, status: int, body: str, remedy: str = "correct-request") -> None:
        super().__init__(reason, remedy=remedy)
        self.status = status
        self.body = body


class StartupError(Exception):
    """The process cannot start; the text is one sentence that says what to do."""
