"""Calls to the ERP."""

from collections.abc import Sequence
from typing import Any

from chassis import Http, Permanent

from order_release.connectors.erp.mapping import status_update
from order_release.ports import WriteStatus

PAGE = 500


class ErpClient:
    """The ERP over HTTP."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def changes(self, after: int) -> list[dict[str, Any]]:
        """Return the next rows of the change feed, raw, so that one bad row does not spoil the page.

        Raises:
            Temporary: the ERP is away.
        """
        params = {"$filter": f"ChangeSequence gt {after}", "$top": str(PAGE)}
        answer = await self._http.request("GET", "/SalesOrderChanges", params=params)
        rows: list[dict[str, Any]] = answer.json()["value"]
        return rows

    async def write(self, updates: Sequence[WriteStatus]) -> Sequence[Exception | None]:
        """Write statuses back in one call.

        Raises:
            Temporary: the ERP is away or limits us.
        """
        body = {"Updates": [status_update(update).model_dump(mode="json") for update in updates]}
        answer = await self._http.request("POST", "/StatusUpdates", json=body)
        accepted = {result["UpdateId"]: result["Accepted"] for result in answer.json()["Results"]}
        refused = Permanent("the ERP refused the status", remedy="check-order-in-erp")
        return [None if accepted.get(f"{u.order_id}:{u.status}") else refused for u in updates]
