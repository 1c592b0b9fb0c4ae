"""Seeded defects."""


def apply(name: str) -> None:
    """Break the service on purpose."""
    raise KeyError(name)
