"""X12 as senders really write it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi import Malformed, read, segments

ISA = "ISA*00*          *00*          *02*ACME           *ZZ*SHIPPER        *260302*1200*U*00401*000000042*0*P*>"
SET = ["GS*QM*ACME*SHIPPER*20260302*1200*42*X*004010", "ST*214*0001", "B10*PRO-7*BOL-9*ACME", "SE*3*0001", "GE*1*42"]


def interchange(terminator: str, between: str = "") -> bytes:
    return "".join(f"{segment}{terminator}{between}" for segment in [ISA, *SET, "IEA*1*000000042"]).encode()


@pytest.mark.parametrize("terminator", ["~", "\n", "\x1c", "…", "Ö", "'"])
@pytest.mark.parametrize("between", ["", "\r\n", "  "])
def test_the_isa_says_the_terminator(terminator: str, between: str) -> None:
    (found,) = read(interchange(terminator, between))
    assert (found.code, found.control) == ("214", "0001")
    assert found.segments == [["B10", "PRO-7", "BOL-9", "ACME"]]
    assert found.interchange[13] == "000000042"


def test_each_interchange_has_delimiters_of_its_own() -> None:
    other = interchange("~").replace(b"*", b"|")
    assert len(list(read(interchange("'", "\n") + other))) == 2


def test_a_wrapped_file_reads_like_an_unwrapped_one() -> None:
    plain = interchange("~")
    wrapped = b"\r\n".join(plain[start : start + 80] for start in range(0, len(plain), 80))
    assert list(segments(wrapped)) == list(segments(plain))


def test_a_mark_in_front_and_a_missing_last_terminator_are_taken() -> None:
    assert len(list(read(b"\xef\xbb\xbf" + interchange("~").rstrip(b"~")))) == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"UNB+UNOA:1", "begins with ISA"),
        (b"ISA*00*too*short~", "16 are needed"),
        (ISA.encode() + b"A", "terminator"),
        (interchange("~").replace(b"SE*3*0001~", b""), "not ended"),
        (interchange("~").replace(b"ST*214*0001~", b""), "outside"),
        (interchange("~").replace(b"GE*1*42", b"SE*3*0001"), "SE without ST"),
    ],
)
def test_what_is_no_x12_is_named(data: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        list(read(data))


def test_a_set_has_a_limit() -> None:
    with pytest.raises(Malformed, match="more than 2"):
        list(read(interchange("~").replace(b"B10", b"B10~B11~B12"), limit=2))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(Malformed):
        list(read(data))


@given(st.binary(max_size=200))
def test_any_bytes_after_a_good_isa_are_read_or_refused(data: bytes) -> None:
    with suppress(Malformed):
        list(read(ISA.encode() + b"~" + data))
