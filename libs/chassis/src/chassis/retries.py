"""The retry budget of an outside system: what is tried again is a small part of what is called.

Without clock or tasks of its own: the time is passed in, in seconds of any monotonic clock.
"""

SHARE = 0.1
FLOOR = 3
WINDOW_SECONDS = 60
WELL_SECONDS = 5.0
WELL_ANSWERS = 5


class RetryBudget:
    """Of the calls of the last minute one in ten may be a retry, and three more.

    The budget holds while the system fails. Once it has answered five calls in a row and for five seconds, what waits
    to be tried again is no longer load on a system in trouble, and goes freely until the next failure.
    """

    def __init__(self) -> None:
        self._second = 0
        self._calls = [0] * WINDOW_SECONDS
        self._retries = [0] * WINDOW_SECONDS
        self._failed_at = float("-inf")
        self._answers = WELL_ANSWERS

    def left(self, now: float) -> int | None:
        """Return how many retries may be made now; None while they are free."""
        self._turn(now)
        if self._answers >= WELL_ANSWERS and now - self._failed_at >= WELL_SECONDS:
            return None
        return max(0, int(SHARE * sum(self._calls)) + FLOOR - sum(self._retries))

    def note_call(self, now: float, *, is_retry: bool) -> None:
        """Count a call."""
        self._turn(now)
        self._calls[self._second % WINDOW_SECONDS] += 1
        self._retries[self._second % WINDOW_SECONDS] += is_retry

    def note_answer(self, now: float, *, ok: bool) -> None:
        """Learn what came of a call."""
        if ok:
            self._answers += 1
        else:
            self._failed_at, self._answers = now, 0

    def _turn(self, now: float) -> None:
        """Forget the seconds that have passed out of the window."""
        second = int(now)
        for passed in range(max(self._second + 1, second - WINDOW_SECONDS + 1), second + 1):
            self._calls[passed % WINDOW_SECONDS] = self._retries[passed % WINDOW_SECONDS] = 0
        self._second = max(self._second, second)
