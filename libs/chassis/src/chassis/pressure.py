"""Whether a service has all the work it may hold: then it takes nothing new until some of it is done."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta

from chassis.errors import Temporary

AT_THE_DOOR = 5_000
RESUME_SHARE = 0.9
COME_AGAIN_SECONDS = 5.0


class Pressure:
    """The bounds of one service: calls that wait, by kind, and messages from outside that are being stored.

    While more calls of one kind wait than may, durables are not pulled and doors are closed: what is not taken costs
    the broker disk, and this service nothing.
    """

    def __init__(self, backlog_limit: int, backlogs: Callable[[], Collection[int]]) -> None:
        self._limit, self._backlogs = backlog_limit, backlogs
        self._full = False
        self._at_the_door = 0

    def may_pull(self) -> bool:
        """Whether the service takes more from its durables; once full, not before a tenth of it is done."""
        largest = max(self._backlogs(), default=0)
        self._full = largest >= self._limit * (RESUME_SHARE if self._full else 1.0)
        return not self._full

    @property
    def level(self) -> float:
        """How full the service is: 0 is empty, 1 is full."""
        return max(self._at_the_door / AT_THE_DOOR, max(self._backlogs(), default=0) / self._limit)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Surround the storing of one message from outside.

        Raises:
            Temporary: the service is full; the sender should come again.
        """
        if self._at_the_door >= AT_THE_DOOR or not self.may_pull():
            raise Temporary("the service has all the work it may hold", retry_in=timedelta(seconds=COME_AGAIN_SECONDS))
        self._at_the_door += 1
        try:
            yield
        finally:
            self._at_the_door -= 1
