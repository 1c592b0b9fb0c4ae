"""What all parts of a profile have in common."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of a profile; a key it does not have is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, use_attribute_docstrings=True)
