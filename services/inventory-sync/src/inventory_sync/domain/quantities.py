"""Arithmetic on lines of an order."""

from collections.abc import Iterable, Sequence

from canonical.values import LineQuantity

Lines = tuple[LineQuantity, ...]


def subtract(lines: Iterable[LineQuantity], taken: Iterable[LineQuantity]) -> Lines:
    """Return what is left of `lines` without `taken`, line by line; a line used up is gone."""
    less: dict[int, int] = {}
    for line in taken:
        less[line.line_number] = less.get(line.line_number, 0) + line.quantity
    left = ((line, line.quantity - less.get(line.line_number, 0)) for line in lines)
    return tuple(resize(line, quantity) for line, quantity in left if quantity > 0)


def common(lines: Iterable[LineQuantity], wanted: Iterable[LineQuantity]) -> Lines:
    """Return the part of `wanted` that is covered by `lines`."""
    held = {line.line_number: line.quantity for line in lines}
    covered = ((line, min(line.quantity, held.get(line.line_number, 0))) for line in wanted)
    return tuple(resize(line, quantity) for line, quantity in covered if quantity > 0)


def resize(line: LineQuantity, quantity: int) -> LineQuantity:
    """Return the line with another quantity."""
    if quantity == line.quantity and type(line) is LineQuantity:
        return line
    return LineQuantity(line_number=line.line_number, sku=line.sku, quantity=quantity)


def pieces(lines: Sequence[LineQuantity]) -> int:
    """Return how many pieces the lines hold."""
    return sum(line.quantity for line in lines)
