"""Who is told what: one message per order, shipment and template."""

from collections.abc import Mapping
from datetime import datetime, time
from string import Template
from typing import Any

from pydantic import BaseModel, Field

from canonical.metadata import Brand
from canonical.values import Contact

SUBJECTS: Mapping[str, Mapping[str, str]] = {
    "order-confirmed": {
        "en": "We have your order $order",
        "de": "Ihre Bestellung $order ist da",
        "fr": "Votre commande $order",
    },
    "backorder": {
        "en": "Part of order $order is delayed",
        "de": "Bestellung $order: Lieferung verzögert",
        "fr": "Commande $order : retard",
    },
    "dispatched": {
        "en": "Order $order is on its way",
        "de": "Bestellung $order ist unterwegs",
        "fr": "Commande $order expédiée",
    },
    "out-for-delivery": {
        "en": "Order $order arrives today",
        "de": "Bestellung $order kommt heute",
        "fr": "Commande $order livrée aujourd'hui",
    },
    "attempted": {
        "en": "We missed you: order $order",
        "de": "Nicht angetroffen: $order",
        "fr": "Vous étiez absent : $order",
    },
    "delayed": {
        "en": "Order $order is late",
        "de": "Bestellung $order verspätet sich",
        "fr": "Commande $order en retard",
    },
    "exception": {
        "en": "A problem with order $order",
        "de": "Ein Problem mit Bestellung $order",
        "fr": "Un problème : commande $order",
    },
    "pickup-point": {
        "en": "Order $order waits for you",
        "de": "Bestellung $order liegt bereit",
        "fr": "Commande $order à retirer",
    },
    "delivered": {
        "en": "Order $order was delivered",
        "de": "Bestellung $order wurde zugestellt",
        "fr": "Commande $order livrée",
    },
    "cancelled": {
        "en": "Order $order was cancelled",
        "de": "Bestellung $order wurde storniert",
        "fr": "Commande $order annulée",
    },
}
DEFAULT_BRAND = "default"
BODIES: Mapping[str, str] = {
    "en": "Hello,\n\n$subject.\n$detail\n\nYour order number is $order.\n",
    "de": "Guten Tag,\n\n$subject.\n$detail\n\nIhre Bestellnummer ist $order.\n",
    "fr": "Bonjour,\n\n$subject.\n$detail\n\nVotre numéro de commande est $order.\n",
}


LINKS: Mapping[str, str] = {
    "en": "\nFollow your shipment: $link\n",
    "de": "\nIhre Sendung verfolgen: $link\n",
    "fr": "\nSuivre votre envoi : $link\n",
}


class Preferences(BaseModel):
    """What a customer wants to hear."""

    customer_id: str = ""
    email: bool = True
    webhook: bool = True
    muted_templates: list[str] = Field(default_factory=list)
    quiet_from: time | None = None
    quiet_until: time | None = None


class OrderContact(BaseModel):
    """Whom to tell about an order, and what was told."""

    order_id: str
    customer_id: str
    contact: Contact
    told: list[str] = Field(default_factory=list)
    cases: dict[str, str] = Field(default_factory=dict)

    def tell(self, fact: str) -> bool:
        """Say whether a fact is told for the first time, and remember it."""
        if fact in self.told:
            return False
        self.told.append(fact)
        return True


def text(template: str, language: str, *, order_id: str, detail: str = "", link: str | None = None) -> tuple[str, str]:
    """Return subject and body of a message; a language we do not have is English."""
    known = language if language in BODIES else "en"
    subject = Template(SUBJECTS[template][known]).substitute(order=order_id)
    body = Template(BODIES[known]).substitute(subject=subject, detail=detail, order=order_id)
    return subject, body + (Template(LINKS[known]).substitute(link=link) if link else "")


def brand_of(customer_id: str, brands: Mapping[str, Brand]) -> Brand | None:
    """Return the brand a customer knows: the one that names it, else the default, if there is one."""
    own = next((brands[name] for name in sorted(brands) if customer_id in brands[name].customers), None)
    return own or brands.get(DEFAULT_BRAND)


def is_quiet(preferences: Preferences, at: datetime) -> bool:
    """Whether a customer is not to be disturbed at this local time; a span may pass midnight."""
    start, end = preferences.quiet_from, preferences.quiet_until
    if start is None or end is None:
        return False
    now = at.time()
    return start <= now < end if start <= end else now >= start or now < end


def webhook_body(kind: str, order_id: str, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a customer webhook."""
    return {"type": kind, "order_id": order_id, "at": at.isoformat(), "data": dict(data)}
