"""Public payloads of sixteen carriers, where their folder lies beside us: each gives what its index says."""

import json
from pathlib import Path
from typing import Any

import pytest

from profiles import Milestone, Reading, load, read

CARRIERS = Path(__file__).resolve().parents[4] / "partners" / "carriers"
SAMPLES = Path(__file__).resolve().parents[5] / "shared" / "samples" / "carriers"
INDEX = SAMPLES / "index.json"
SLUGS = {
    "canadapost": "canada-post",
    "dhl_parcel_de": "dhl-parcel-de",
    "edi214": "x12-214",
    "mydhl": "dhl-express",
}
WORDS: dict[Milestone, str] = {
    "label-created": "LabelCreated",
    "picked-up": "PickedUp",
    "in-transit": "InTransit",
    "customs-hold": "CustomsHold",
    "out-for-delivery": "OutForDelivery",
    "available-for-pickup": "AvailableForPickup",
    "delivery-attempted": "DeliveryAttempted",
    "delivery-delayed": "DeliveryDelayed",
    "delivery-exception": "DeliveryException",
    "delivered": "Delivered",
    "return-in-transit": "ReturnedToSender",
    "eta-changed": "EtaUpdated",
    "cancelled": "Cancelled",
    "info": "Info",
    "unmapped": "Unknown",
}
IGNORED = "ack and ignore (not a tracking event)"
DISPOSITIONS = {
    "tracking": "tracking",
    "empty": "no events (error, warning or empty)",
    "ignored": IGNORED,
    "handshake": IGNORED,
}


def files() -> list[dict[str, Any]]:
    return list(json.loads(INDEX.read_text())["files"]) if INDEX.is_file() else []


def shipments(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            "tracking_number": item.tracking_number,
            "milestones": [
                [
                    event.code,
                    WORDS[event.milestone],
                    event.reason,
                    event.moment.at.isoformat() if event.moment else None,
                    event.moment.basis + ("/day" if event.moment.precision == "day" else "") if event.moment else None,
                ]
                for event in item.events
            ],
        }
        for item in reading.items
        if item.events
    ]


@pytest.mark.skipif(not INDEX.is_file(), reason="the folder of public samples is not here")
@pytest.mark.parametrize("entry", files(), ids=lambda entry: entry["file"])
def test_gives_what_the_index_says(entry: dict[str, Any]) -> None:
    vendor = entry["file"].split("/")[0]
    profile = load(CARRIERS / f"{SLUGS.get(vendor, vendor)}.yaml")
    reading = read(profile, (SAMPLES / entry["file"]).read_bytes())
    expected = entry["recommended"]
    assert DISPOSITIONS[reading.disposition] == expected["disposition"]
    assert shipments(reading) == expected["shipments"]
