"""The CRM's shapes, in its own names."""

from pydantic import BaseModel, ConfigDict


class Opened(BaseModel):
    """The answer to an opened case."""

    model_config = ConfigDict(extra="ignore")

    caseId: str  # noqa: N815  their name
