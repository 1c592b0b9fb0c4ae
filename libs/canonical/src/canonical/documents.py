"""Documents people write as YAML: read into their model, or refused with what they are and why."""

from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


def read(model: type[M], text: str, what: str, refusal: type[Exception]) -> M:
    """Return the document; `what` names it in a refusal.

    Raises:
        Exception: of the type `refusal`: the text is no YAML, or not what the model asks for.
    """
    try:
        return model.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise refusal(f"{what}: {error}") from error
