"""The profiles of this repository: their own tests, and what a mistake in one is called."""

from pathlib import Path

import pytest

from profiles import Broken, Undecodable, Unreadable, load, parse, read
from profiles.check import differences

CARRIERS = Path(__file__).resolve().parents[4] / "partners" / "carriers"
FILES = sorted(CARRIERS.glob("*.yaml"))
GOOD = (CARRIERS / "swiftparcel.yaml").read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_samples_give_what_it_says(path: Path) -> None:
    assert differences(load(path), CARRIERS / "samples") == []


def test_every_sample_is_used() -> None:
    used = {test.file for path in FILES for test in load(path).tests}
    assert {path.name for path in (CARRIERS / "samples").iterdir()} == used


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("event.code\n", "event..code\n", "no JMESPath"),
        ("event.note", "shout(event.note)", "there is no function shout()"),
        ("event.note", "'!event.note.text'", "write `!(a.b)`"),
        ("PU: picked-up", "PU: picked", "Input should be"),
        ("PU: picked-up", "PU: picked-up\n      PU: in-transit", "stands here twice"),
        ("items:", "itms:", "Extra inputs are not permitted"),
        ("carrier: swiftparcel", "carrier: Swift Parcel", "should match pattern"),
        ("header: x-swift-signature", "prefix: v1", "a signature needs `header` or `field`"),
        ("{value: event.at}", "{value: event.at, zone: Mars/Base}", "is no zone"),
        ("batch: 50", "batch: 5000", "less than or equal to 100"),
        ("carrier: swiftparcel", "carrier: [", "expected"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(Broken) as broken:
        parse(GOOD.replace(old, new, 1), "swift.yaml")
    line = str(broken.value).splitlines()[0]
    name, number, _ = line.split(":", 2)
    assert name == "swift.yaml"
    assert said in str(broken.value)
    written = GOOD.replace(old, new, 1).splitlines()
    assert 1 <= int(number) <= len(written)


def test_the_line_is_the_right_one() -> None:
    wrong = GOOD.replace("OD: out-for-delivery", "OD: out-for-deliverie")
    place = next(number for number, line in enumerate(wrong.splitlines(), 1) if "deliverie" in line)
    with pytest.raises(Broken, match=rf"^swift.yaml:{place}: milestones.0.codes.OD.milestone: "):
        parse(wrong, "swift.yaml")


@pytest.mark.parametrize(
    ("carrier", "body", "why"),
    [
        ("fedex", b"\xff\xfe{", "no JSON"),
        ("fedex", b"[" * 100 + b"]" * 100, "nested"),
        ("dpd", b"<a><b></a>", "no XML"),
        ("dpd", b'<!DOCTYPE a [<!ENTITY e "e">]><a>&e;</a>', "entities"),
        ("x12-214", b"ISA~", "no X12"),
        ("usps", b'{"payload": "{"}', "no JSON"),
    ],
)
def test_what_cannot_be_decoded_is_named(carrier: str, body: bytes, why: str) -> None:
    with pytest.raises(Undecodable, match=why):
        read(load(CARRIERS / f"{carrier}.yaml"), body)


def test_too_many_events_are_refused() -> None:
    profile = load(CARRIERS / "nordfreight.yaml")
    body = b'{"events": [' + b",".join([b'{"trackingId": "T", "status": "DEPOT"}'] * 2_001) + b"]}"
    with pytest.raises(Unreadable, match="2001 shipments"):
        read(profile, body)


def test_a_flood_is_refused_before_it_is_mapped() -> None:
    profile = load(CARRIERS / "nordfreight.yaml")
    body = b'{"events": [' + b",".join([b'{"status": "DEPOT"}'] * 200_000) + b"]}"
    with pytest.raises(Unreadable, match="200000 shipments"):
        read(profile, body)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "body",
    [b"null", b"[]", b"{}", b'"text"', b"0", b'{"events": 7, "items": {"a": []}}', b"<a/>", b"<data/>"],
    ids=["null", "list", "object", "text", "zero", "odd", "xml", "data"],
)
def test_odd_bodies_are_read_or_refused(path: Path, body: bytes) -> None:
    try:
        reading = read(load(path), body)
    except (Undecodable, Unreadable):
        return
    assert all(not event.moment for item in reading.items for event in item.events)
