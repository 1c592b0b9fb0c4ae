"""inventory-sync's shapes."""

from pydantic import BaseModel


class Items(BaseModel):
    """Of the SKUs asked about, the known ones."""

    known: list[str]
