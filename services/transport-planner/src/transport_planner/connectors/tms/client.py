"""Calls to the TMS."""

import logging

from pydantic import ValidationError

from chassis import Http, Permanent

from transport_planner.connectors.tms import mapping
from transport_planner.connectors.tms.wire import RateAnswer
from transport_planner.domain import Quote
from transport_planner.ports import Consignment

log = logging.getLogger(__name__)


class TmsClient:
    """The TMS over HTTP."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def quotes(self, consignment: Consignment) -> list[Quote]:
        """Return what carriers ask; quotes that cannot be read are left out and logged."""
        answer = await self._http.request("POST", "/rates", json=mapping.request_body(consignment))
        try:
            rows = RateAnswer.model_validate_json(answer.content).quotes
        except ValidationError as error:
            raise Permanent(f"the TMS' answer cannot be read: {error}", remedy="check-tms-answer") from error
        usable, odd = mapping.quotes(rows)
        for reason in odd:
            log.warning("quote_unusable", extra={"shipment_id": consignment.shipment_id, "reason": reason})
        return usable
