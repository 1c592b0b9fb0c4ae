"""A profile's own tests: samples beside it, and what they must give."""

from dataclasses import dataclass
from pathlib import Path

from profiles.decode import Undecodable
from profiles.profile import Expected, Profile
from profiles.reading import Reading, Unreadable, read

Row = list[str | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a sample gave other than it must."""

    file: str
    expected: list[Row] | str
    found: list[Row] | str


def rows(reading: Reading) -> list[Row]:
    """Return a reading as profiles write it: number, code, milestone, reason, time."""
    return [
        [
            item.tracking_number,
            event.code,
            event.milestone,
            event.reason,
            event.moment.at.isoformat() if event.moment else None,
        ]
        for item in reading.items
        for event in item.events
    ]


def differences(profile: Profile, samples: Path) -> list[Difference]:
    """Run the tests of a profile; returns what differs, nothing when all is as it must be."""
    return [found for test in profile.tests for found in _differences(profile, test, samples / test.file)]


def _differences(profile: Profile, test: Expected, path: Path) -> list[Difference]:
    try:
        reading = read(profile, path.read_bytes())
    except (OSError, Undecodable, Unreadable) as error:
        return [Difference(test.file, test.disposition, str(error))]
    found = rows(reading)
    if reading.disposition != test.disposition:
        return [Difference(test.file, test.disposition, reading.disposition)]
    return [] if found == test.gives else [Difference(test.file, test.gives, found)]
