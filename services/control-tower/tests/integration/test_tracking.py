"""A tracking link opens one shipment's page on a real archive; every other link gives one and the same answer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canonical.tracking import sign
from chassis.testing import LocalMesh

from ..fakes import envelope
from .test_archive import running, settings_of
from .test_deadlines import keep

KEY, OLD, STRANGER = (name * 8 for name in ("new-key-", "old-key-", "stranger"))


@pytest.mark.integration
async def test_a_link_opens_and_all_others_look_alike_and_who_comes_too_often_waits(
    mesh: LocalMesh, tmp_path: Path
) -> None:
    file = tmp_path / "tracking.secret"
    file.write_text(f"{KEY}\n{OLD}\n")
    settings = (await settings_of(mesh)).model_copy(update={"tracking_keys_file": file, "visits_per_minute": 8})
    now = datetime.now(UTC)
    order, shipment, other = "SO-TRACKED", "SH-TRACKED-1", "SH-TRACKED-2"
    events = [
        envelope(
            "transport.shipment-planned.v1", order=order, start=now, id=f"{one}/planned", data={"shipment_id": one}
        )
        for one in (shipment, other)
    ]
    delivered = envelope("carrier.delivered.v1", 9, order=order, start=now, data={"shipment_id": other})

    def link(about: str, key: str = KEY, days: int = 1) -> str:
        return f"/t/{sign(about, now + timedelta(days=days), [key.encode()])}"

    async with running(mesh, settings) as (service, web):
        await keep(service.engine, [*events, delivered])
        for key in (KEY, OLD):
            page = await web.get(link(shipment, key), headers={"accept-language": "de"})
            assert page.status_code == 200
            assert "Ihre Sendung wird vorbereitet" in page.text
            assert other not in page.text
        assert "Your shipment was delivered" in (await web.get(link(other))).text
        unknown = link("SH-UNKNOWN")
        refused = [
            await web.get(one) for one in (unknown, link(shipment, STRANGER), link(shipment, days=-1), "/t/never")
        ]
        assert {(answer.status_code, answer.text) for answer in refused} == {(404, refused[0].text)}
        assert {tuple(sorted(answer.headers.items())) for answer in refused} == {
            tuple(sorted(refused[0].headers.items()))
        }
        assert (await web.head(link(shipment))).status_code == 200
        answer = await web.get(link(shipment))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")


@pytest.mark.integration
async def test_without_keys_no_link_opens(mesh: LocalMesh) -> None:
    token = sign("SH-TRACKED-1", datetime.now(UTC) + timedelta(days=1), [b""])
    async with running(mesh, await settings_of(mesh)) as (_, web):
        assert (await web.get(f"/t/{token}")).status_code == 404
