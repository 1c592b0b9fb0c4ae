"""X12 interchanges, read a segment at a time.

Each ISA says its own delimiters: the element separator is the character after `ISA`, the terminator whatever follows
ISA16. Between segments line breaks and blanks are noise; inside one they are too, unless the terminator is a line break
itself, for some senders wrap their files at 80 columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

ISA_ELEMENTS = 16
SET_SEGMENTS = 50_000
ENVELOPE = frozenset({"ISA", "GS", "GE", "IEA", "TA1"})
NOISE = "\r\n \t\x1a\ufeff"

Segment = list[str]


class Malformed(ValueError):
    """The text is no X12; the message says where and why."""


@dataclass(slots=True)
class TransactionSet:
    """One transaction set: its code, control number, envelope and the segments between ST and SE."""

    code: str
    control: str
    interchange: Segment
    group: Segment
    segments: list[Segment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Delimiters:
    """What separates elements and ends segments."""

    element: str
    terminator: str


def segments(data: bytes) -> Iterator[Segment]:
    """Yield every segment of one or more interchanges as its elements, the segment's tag first.

    Raises:
        Malformed: there is no ISA where one must be, or its delimiters cannot be used.
    """
    text = _decoded(data)
    position, end = _skip(text, 0), len(text)
    if position == end:
        raise Malformed("the text is empty")
    delimiters = _delimiters(text, position)
    while position < end:
        if text.startswith("ISA", position):
            delimiters = _delimiters(text, position)
        stop = text.find(delimiters.terminator, position)
        stop = end if stop < 0 else stop
        body = text[position:stop]
        if "\n" in body or "\r" in body:
            body = body.replace("\r", "").replace("\n", "")
        if body:
            yield body.split(delimiters.element)
        position = _skip(text, stop + len(delimiters.terminator))


def read(data: bytes, *, limit: int = SET_SEGMENTS) -> Iterator[TransactionSet]:
    """Yield the transaction sets of the interchanges, one at a time.

    Raises:
        Malformed: a segment is out of place, a set is not ended, or it is longer than `limit` segments.
    """
    envelope: dict[str, Segment] = {"ISA": [], "GS": []}
    current: TransactionSet | None = None
    for segment in segments(data):
        tag = segment[0]
        if tag == "SE":
            if current is None:
                raise Malformed("SE without ST")
            yield current
            current = None
        elif current is not None:
            _append(current, segment, limit)
        elif tag == "ST":
            current = TransactionSet(_element(segment, 1), _element(segment, 2), envelope["ISA"], envelope["GS"])
        elif tag in ENVELOPE:
            envelope[tag] = segment
        else:
            raise Malformed(f"segment {tag[:10]} stands outside a transaction set")
    if current:
        raise Malformed(f"set {current.control} is not ended by SE")


def _append(current: TransactionSet, segment: Segment, limit: int) -> None:
    if segment[0] == "ST":
        raise Malformed(f"set {current.control} is not ended by SE before the next ST")
    if len(current.segments) >= limit:
        raise Malformed(f"set {current.control} has more than {limit} segments")
    current.segments.append(segment)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in NOISE:
        position += 1
    return position


def _delimiters(text: str, start: int) -> Delimiters:
    if not text.startswith("ISA", start):
        raise Malformed(f"an interchange begins with ISA, not with {text[start : start + 3]!r}")
    element = text[start + 3 : start + 4]
    if not element or element.isalnum():
        raise Malformed("the character after ISA must separate elements")
    place = start + 3
    for number in range(1, ISA_ELEMENTS):
        place = text.find(element, place + 1, start + 400)
        if place < 0:
            raise Malformed(f"the ISA has {number} elements, 16 are needed")
    # ISA16 is the component separator, one character; what follows it ends every segment
    terminator = text[place + 2 : place + 3]
    if not terminator or (terminator.isascii() and terminator.isalnum()):
        raise Malformed("the segment terminator after ISA16 is missing")
    return Delimiters(element, terminator)


def _element(segment: Segment, place: int) -> str:
    return segment[place] if len(segment) > place else ""
