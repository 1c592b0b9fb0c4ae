"""How the archive is cut for the data lake: ranges of its own numbers, a file for each day of a range."""

from datetime import date
from typing import Any, NamedTuple

from pydantic_core import to_json

from canonical import Envelope
from canonical.privacy import masked


class Range(NamedTuple):
    """Events of the archive by their numbers, both ends included."""

    first: int
    last: int

    @property
    def name(self) -> str:
        """The name of what is made from it: the same whenever it is made again."""
        return f"{self.first:012d}-{self.last:012d}"


def next_range(done: int, settled: int, most: int) -> Range | None:
    """Return what follows the number `done`, up to the one all is settled to; None when there is nothing."""
    return Range(done + 1, min(settled, done + most)) if settled > done else None


def path_of(day: date, cut: Range) -> str:
    """Return where the events of a day go; those that come late are in a later range, so in a further file."""
    return f"day={day.isoformat()}/events-{cut.name}.parquet"


def row_of(seq: int, envelope: Envelope, *, personal_data: bool) -> dict[str, Any]:
    """Return an event as a row; personal data and trade secrets are masked unless asked for."""
    data = envelope.data if personal_data else masked(envelope.type, envelope.data)
    return {
        "seq": seq,
        "id": envelope.id,
        "type": envelope.type,
        "service": envelope.source.rsplit("/", 1)[-1],
        "subject": envelope.subject,
        "correlation_id": envelope.correlationid,
        "causation_id": envelope.causationid,
        "region": envelope.region,
        "site": envelope.site,
        "company": envelope.company,
        "source_system": envelope.sourcesystem,
        "source_ref": envelope.sourceref,
        "correction_of": envelope.correctionof,
        "correction_reason": envelope.correctionreason,
        "happened_at": envelope.time,
        "recorded_at": envelope.recordedtime,
        "data": to_json(data, inf_nan_mode="null").decode(),
    }
