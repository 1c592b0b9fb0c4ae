"""What notification needs from outside."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol

from canonical.metadata import Brand
from chassis import Book, Effect

from notification.domain import OrderContact, Preferences

URGENT_TEMPLATES = frozenset({"attempted", "cancelled", "exception"})
"""What a customer should know at once."""


class SendMail(Effect):
    """Send a mail to a customer."""

    name: ClassVar[str] = "send-mail"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "suppress"

    order_id: str
    customer_id: str
    recipient: str
    language: str
    template: str
    detail: str = ""
    shipment_id: str = ""

    @property
    def is_urgent(self) -> bool:
        """Whether the customer should know at once."""
        return self.template in URGENT_TEMPLATES


class PostWebhook(Effect):
    """Post a signed webhook to a customer."""

    name: ClassVar[str] = "post-webhook"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "suppress"

    order_id: str
    customer_id: str
    kind: str
    language: str = "en"
    at: datetime
    data: dict[str, Any]


class OpenCase(Effect):
    """Open a case for customer service."""

    name: ClassVar[str] = "open-case"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"
    urgent: ClassVar[bool] = True

    order_id: str
    shipment_id: str
    reason: str
    text: str


class CloseCase(Effect):
    """Close a case."""

    name: ClassVar[str] = "close-case"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    order_id: str
    case_id: str
    resolution: str


Orders = Book[OrderContact]
"""Contacts of orders."""


PreferencesBook = Book[Preferences]
"""Preferences of customers."""


class Links(Protocol):
    """The tracking pages of shipments."""

    def link(self, shipment_id: str, language: str) -> str | None:
        """Return the address of a shipment's page; None where there are no such pages."""
        ...


class Mailer(Protocol):
    """The way mails go."""

    async def send(self, mail: SendMail, *, key: str, link: str | None, brand: Brand | None) -> None:
        """Send a mail under a brand, or the service's own name; `key` is its identity, `link` its shipment's page.

        Raises:
            Temporary: the mail server is away or asks to come back.
            Permanent: it refuses the mail.
        """
        ...


class Brands(Protocol):
    """The brands customers know, as central metadata has them."""

    def all(self) -> Mapping[str, Brand]:
        """Return every brand by name.

        Raises:
            Temporary: none was read since the start.
        """
        ...


class Portal(Protocol):
    """The customer's endpoint."""

    async def post(self, hook: PostWebhook, *, key: str, link: str | None) -> None:
        """Post a webhook; `key` is its identity, `link` leads to its shipment's page.

        Raises:
            Temporary: the endpoint is away.
            Rejected: it refuses the webhook.
        """
        ...


class Crm(Protocol):
    """The CRM."""

    async def open(self, case: OpenCase, *, key: str) -> str:
        """Open a case and return its number.

        Raises:
            Temporary: the CRM is away.
        """
        ...

    async def close(self, case: CloseCase, *, key: str) -> None:
        """Close a case.

        Raises:
            Temporary: the CRM is away.
        """
        ...
