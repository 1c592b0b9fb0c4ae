"""swiftparcel's shapes."""

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Label(_Wire):
    """A label as it comes with the booking."""

    media_type: str
    content_base64: Base64Bytes


class Package(_Wire):
    """A package of a shipment."""

    ref: str
    tracking_number: str = Field(min_length=1, max_length=64)
    label_url: str
    label: Label | None = None


class ShipmentAnswer(_Wire):
    """A shipment as the carrier keeps it."""

    id: str = Field(min_length=1, max_length=64)
    packages: list[Package] = Field(min_length=1)


class Error(_Wire):
    """Why the carrier refuses."""

    code: str = "refused"
    message: str = ""


class ErrorAnswer(_Wire):
    """A refusal."""

    error: Error


class ManifestAnswer(_Wire):
    """A manifest as the carrier keeps it."""

    manifest_id: str = Field(min_length=1, max_length=64)
