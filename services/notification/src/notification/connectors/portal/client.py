"""Posts webhooks to the customer's endpoint."""

import json
import time

from chassis import Http

from notification.connectors.portal.mapping import headers
from notification.domain import webhook_body
from notification.ports import PostWebhook


class PortalHooks:
    """One endpoint."""

    def __init__(self, http: Http, secret: bytes) -> None:
        self._http, self._secret = http, secret

    async def post(self, hook: PostWebhook, *, key: str, link: str | None) -> None:
        """Post a webhook."""
        data = {**hook.data, "tracking_url": link} if link else hook.data
        body = json.dumps(webhook_body(hook.kind, hook.order_id, hook.at, data)).encode()
        signed = headers(key=key, at=int(time.time()), body=body, secret=self._secret)
        await self._http.request("POST", "/hooks", content=body, headers=signed)
