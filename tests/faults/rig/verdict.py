"""The oracle of one service: what was committed at the source against its state, its events and its calls."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise

from rig.outside import Call
from rig.source import BROKEN, Change, by_order

GIVEN_UP = {"refused", "bug", "fatal", BROKEN}


@dataclass(frozen=True, slots=True)
class Told:
    """An outgoing event as the stream holds it, `seconds` after what it follows from was committed at the source."""

    event_id: str
    order_id: str
    version: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of the source's events."""

    state: Mapping[str, Sequence[str]]
    told: Sequence[Told]
    calls: Sequence[Call]
    letters: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts over state, outgoing events and calls; all but `repeated` must be nought.

    `repeated` are calls made again under the same idempotency key, which the outside system recognises.
    """

    lost: int = 0
    doubled: int = 0
    ghosts: int = 0
    disorder: int = 0
    repeated: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled, made up or out of order."""
        return not (self.lost or self.doubled or self.ghosts or self.disorder)

    @property
    def counts(self) -> dict[str, int]:
        """The counts by name, for the book of figures."""
        return asdict(self)

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __str__(self) -> str:
        return f"{self.lost} lost / {self.doubled} doubled / {self.ghosts} ghosts / {self.disorder} out of order"


def judge(fed: Sequence[Change], seen: Seen) -> Verdict:
    """Hold everything that became of the fed changes against them."""
    handled = by_order(change for change in fed if change.word not in GIVEN_UP)
    refused = [(change.order_id, change.version) for change in fed if change.word in GIVEN_UP]
    steps = (
        {order: list(versions) for order, versions in seen.state.items()},
        by_order(Change(told.order_id, told.version) for told in seen.told),
        by_order(Change(call.order_id, call.version) for call in _first_calls(seen.calls)),
    )
    verdict = sum((_judge_step(handled, step) for step in steps), Verdict())
    ids = Counter(told.event_id for told in seen.told)
    return verdict + Verdict(
        lost=len(set(refused) - set(seen.letters)),
        doubled=sum(count - 1 for count in ids.values()) + len(seen.letters) - len(set(seen.letters)),
        ghosts=len(set(seen.letters) - set(refused)),
        repeated=len(seen.calls) - len(_first_calls(seen.calls)),
    )


def _first_calls(calls: Sequence[Call]) -> Sequence[Call]:
    """Return the calls an outside system that knows idempotency keys would act on."""
    return list({(call.key or str(place)): call for place, call in reversed(list(enumerate(calls)))}.values())[::-1]


def _judge_step(fed: Mapping[str, Sequence[str]], found: Mapping[str, Sequence[str]]) -> Verdict:
    return sum((_judge_key(fed.get(key, ()), found.get(key, ())) for key in fed.keys() | found.keys()), Verdict())


def _judge_key(fed: Sequence[str], found: Sequence[str]) -> Verdict:
    once = list(dict.fromkeys(found))
    places = {version: place for place, version in enumerate(fed)}
    known = [places[version] for version in once if version in places]
    return Verdict(
        lost=len(fed) - len(known),
        doubled=len(found) - len(once),
        ghosts=len(once) - len(known),
        disorder=sum(after < before for before, after in pairwise(known)),
    )
