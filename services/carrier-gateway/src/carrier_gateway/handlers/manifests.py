"""Manifests: asked for by a site, handed to the carrier once, told by its number."""

from collections.abc import Mapping

from chassis import Clock, Outcome, Permanent

from carrier_gateway.domain import CloseOutWish, Manifest
from carrier_gateway.ports import Carrier, CloseOut, Desk


async def close_out(wish: CloseOutWish, *, desk: Desk, clock: Clock) -> Outcome:
    """Put what is booked at a carrier for a site, and on no manifest yet, on one."""
    shipments = [shipment for shipment in await desk.to_close(wish.carrier_code, wish.site) if not shipment.is_stopped]
    manifest = Manifest(**wish.model_dump(), since=clock.now(), state="asked" if shipments else "empty")
    for shipment in shipments:
        shipment.manifest_id = wish.manifest_id
        manifest.shipments.append(shipment.shipment_id)
        desk.shipments.put(shipment.shipment_id, shipment)
    desk.manifests.put(wish.manifest_id, manifest)
    references = tuple(shipment.booking_reference for shipment in shipments if shipment.booking_reference)
    if not references:
        return []
    lane = f"{wish.carrier_code}:{wish.site}"
    carrier = wish.carrier_code
    return [CloseOut(lane=lane, manifest_id=wish.manifest_id, carrier_code=carrier, references=references)]


async def make_close_out(effect: CloseOut, *, key: str, carriers: Mapping[str, Carrier]) -> str:
    """Call the carrier."""
    return await carriers[effect.carrier_code].close_out(effect.references, key=key)


async def note_close_out(effect: CloseOut, number: str, *, desk: Desk, clock: Clock) -> Outcome:
    """The carrier has the manifest."""
    manifest = await _known(effect.manifest_id, desk)
    manifest.state, manifest.number, manifest.since = "closed", number, clock.now()
    desk.manifests.put(manifest.manifest_id, manifest)
    return []


async def note_close_out_failure(effect: CloseOut, failure: Permanent, *, desk: Desk, clock: Clock) -> Outcome:
    """The carrier refuses: its shipments are free for another manifest, and a person looks at the dead letter."""
    manifest = await _known(effect.manifest_id, desk)
    manifest.state, manifest.why, manifest.since = "refused", str(failure)[:500], clock.now()
    desk.manifests.put(manifest.manifest_id, manifest)
    for shipment_id in manifest.shipments:
        if shipment := await desk.shipments.get(shipment_id):
            shipment.manifest_id = None
            desk.shipments.put(shipment_id, shipment)
    return []


async def _known(manifest_id: str, desk: Desk) -> Manifest:
    manifest = await desk.manifests.get(manifest_id)
    if manifest is None:
        raise Permanent(f"manifest {manifest_id} is not known here", remedy="check-manifest")
    return manifest
