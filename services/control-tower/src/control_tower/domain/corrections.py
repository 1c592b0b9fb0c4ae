"""Which events still stand: one that another corrects or retracts does not."""

from collections.abc import Iterable

from canonical import Envelope


def standing(envelopes: Iterable[Envelope]) -> list[Envelope]:
    """Return the events that no other corrects, in their order; a correction stands for what it corrects."""
    found = list(envelopes)
    corrected = {one.correctionof for one in found}
    return [one for one in found if one.id not in corrected]
