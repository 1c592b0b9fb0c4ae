"""Which of the languages there are a reader is given."""

import re
from collections.abc import Sequence

_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?\s*")


def choose(asked: str | None, accepted: str, available: Sequence[str]) -> str:
    """Return the language asked for, else the best of an Accept-Language header, else the first there is."""
    if asked in available:
        return str(asked)
    wanted = [
        (float(found[2] or 1), -index, found[1].lower())
        for index, part in enumerate(accepted[:500].split(","))
        if (found := _RANGE.fullmatch(part))
    ]
    ranked = [language for weight, _, language in sorted(wanted, reverse=True) if weight > 0]
    return next((language for language in ranked if language in available), available[0])
