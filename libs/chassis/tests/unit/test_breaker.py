"""The breaker against a model: whatever happens, and however many ask at once, a half-open system gets one probe."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.breaker import FIRST_OPEN_SECONDS, LONGEST_OPEN_SECONDS, Breaker, Permit, State

FAILURES = 3
CALLERS = 50


class BreakerMachine(RuleBasedStateMachine):
    """The model holds, per call under way, the phase it was let in; phases begin with every change of state."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.factor = 1.0
        self.breaker = Breaker(lambda: self.factor, failures=FAILURES)
        self.state = State.CLOSED
        self.phase = 0
        self.failed = 0
        self.times_opened = 0
        self.open_until = 0.0
        self.under_way: list[tuple[Permit, int]] = []

    def probes(self) -> int:
        return sum(phase == self.phase for _, phase in self.under_way) if self.state is State.HALF_OPEN else 0

    def change(self, state: State) -> None:
        self.state, self.failed, self.phase = state, 0, self.phase + 1

    @rule(callers=st.sampled_from([1, 2, CALLERS]))
    def call(self, callers: int) -> None:
        if self.state is State.OPEN and self.now >= self.open_until:
            self.change(State.HALF_OPEN)
        permits = [permit for _ in range(callers) if (permit := self.breaker.enter(self.now))]
        room = {State.CLOSED: callers, State.OPEN: 0, State.HALF_OPEN: 1 - self.probes()}[self.state]
        assert len(permits) == min(callers, room)
        self.under_way += [(permit, self.phase) for permit in permits]

    @rule(seconds=st.floats(0.0, 2 * LONGEST_OPEN_SECONDS))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        permit, phase = self.take(data)
        self.breaker.succeeded(permit)
        if phase == self.phase:
            self.failed = 0
            if self.state is State.HALF_OPEN:
                self.times_opened = 0
                self.change(State.CLOSED)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), factor=st.floats(0.5, 1.0))
    def fail(self, data: st.DataObject, factor: float) -> None:
        permit, phase = self.take(data)
        self.factor = factor
        self.breaker.failed(permit, self.now)
        if phase != self.phase:
            return
        self.failed += 1
        if self.state is State.HALF_OPEN or self.failed >= FAILURES:
            grown = min(LONGEST_OPEN_SECONDS, FIRST_OPEN_SECONDS * 2**self.times_opened)
            self.open_until = self.now + grown * factor
            self.times_opened += 1
            self.change(State.OPEN)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        permit, _ = self.take(data)
        self.breaker.abandoned(permit)

    def take(self, data: st.DataObject) -> tuple[Permit, int]:
        place = data.draw(st.integers(0, len(self.under_way) - 1))
        return self.under_way.pop(place)

    @invariant()
    def states_agree(self) -> None:
        assert self.breaker.state is self.state
        assert self.probes() <= 1

    @invariant()
    def open_time_is_bounded(self) -> None:
        expected = max(0.0, self.open_until - self.now) if self.state is State.OPEN else 0.0
        assert self.breaker.closed_for(self.now) == expected <= LONGEST_OPEN_SECONDS


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_fifty_callers_at_once_make_one_probe() -> None:
    breaker = Breaker(lambda: 1.0)
    permits = [breaker.enter(0.0) for _ in range(5)]
    for permit in permits:
        assert permit is not None
        breaker.failed(permit, 0.0)
    assert [breaker.enter(0.5) for _ in range(CALLERS)] == [None] * CALLERS
    assert sum(breaker.enter(1.0) is not None for _ in range(CALLERS)) == 1
