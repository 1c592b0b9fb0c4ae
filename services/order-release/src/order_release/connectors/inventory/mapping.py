"""Questions to inventory-sync, from lists of SKUs."""

from collections.abc import Collection, Iterator
from urllib.parse import urlencode

AT_ONCE = 100


def questions(skus: Collection[str]) -> Iterator[str]:
    """Return the paths that ask whether these SKUs are known, at most a hundred in each."""
    ordered = sorted(skus)
    for start in range(0, len(ordered), AT_ONCE):
        yield f"/items?{urlencode([('sku', sku) for sku in ordered[start : start + AT_ONCE]])}"
