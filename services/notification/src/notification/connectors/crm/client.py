"""Calls to the CRM."""

from chassis import Http

from notification.connectors.crm import mapping
from notification.connectors.crm.wire import Opened
from notification.ports import CloseCase, OpenCase


class CrmClient:
    """The CRM over HTTP."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def open(self, case: OpenCase, *, key: str) -> str:
        """Open a case."""
        answer = await self._http.request("POST", "/cases", json=mapping.case(case, key), idempotency_key=key)
        return Opened.model_validate(answer.json()).caseId

    async def close(self, case: CloseCase, *, key: str) -> None:
        """Close a case."""
        path = f"/cases/{case.case_id}/close"
        await self._http.request("POST", path, json={"resolution": case.resolution}, idempotency_key=key)
