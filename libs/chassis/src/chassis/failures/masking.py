"""A letter's body without personal data: an event by its schema, anything else by the names of its fields."""

import orjson

from canonical.privacy import masked, masked_by_name


def hidden(body: str, event_type: str | None) -> str:
    """Return a body to be shown to anybody; of what is no JSON, only its size."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return f"{len(body)} characters that are no JSON: hidden until somebody asks for them."
    if event_type and isinstance(value, dict) and isinstance(data := value.get("data"), dict):
        shown = {**value, "data": masked(event_type, data)}
    else:
        shown = masked_by_name(value)
    return body if shown == value else orjson.dumps(shown).decode()
