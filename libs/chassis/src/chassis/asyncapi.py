"""The AsyncAPI 3.0 document of a service: what it hears and says, from the topology and the catalogue. Pure."""

from collections.abc import Iterable
from typing import Any

from canonical import EVENTS, CanonicalEvent
from canonical.subjects import ROOT, domain_of
from canonical.topology import Topology

Json = dict[str, Any]
REFERENCE = "#/components/schemas/{model}"
ENVELOPE = "application/cloudevents+json"


def document(service: str, version: str, topology: Topology, region: str) -> Json:
    """Return the document of a service."""
    own = topology.services[service]
    heard = sorted(EVENTS if own.archives else own.consumes)
    said = sorted(name for name in EVENTS if domain_of(name) == own.domain)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": service, "version": version, "description": f"Events of the {own.domain} domain."},
        "defaultContentType": ENVELOPE,
        "servers": {"region": {"host": "nats:4222", "protocol": "nats", "description": f"The broker of {region}."}},
        "channels": {name: _channel(name, region) for name in sorted({*heard, *said})},
        "operations": {
            **{f"receive-{name}": _operation("receive", name, topology) for name in heard},
            **{f"send-{name}": _operation("send", name, topology) for name in said},
        },
        "components": {
            "messages": {name: _message(EVENTS[name]) for name in sorted({*heard, *said})},
            "schemas": _schemas(EVENTS[name] for name in sorted({*heard, *said})),
        },
    }


def _channel(name: str, region: str) -> Json:
    key = EVENTS[name].key_field
    return {
        "address": f"{ROOT}.{region}.{name}.{{site}}.{{key}}",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "parameters": {
            "site": {"description": "Code of the site the fact belongs to, `_` when it belongs to none."},
            "key": {"description": f"The {key} of the event, escaped for a subject."},
        },
    }


def _operation(action: str, name: str, topology: Topology) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "x-stream": topology.stream_of(domain_of(name)),
    }


def _message(event: type[CanonicalEvent]) -> Json:
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": " ".join((event.__doc__ or "").split()),
        "contentType": ENVELOPE,
        "payload": {
            "type": "object",
            "description": "A CloudEvents 1.0 envelope in structured JSON.",
            "required": ["specversion", "id", "source", "type", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {"type": "string"},
                "source": {"type": "string"},
                "type": {"const": event.type},
                "data": {"$ref": REFERENCE.format(model=event.__name__)},
            },
        },
    }


def _schemas(events: Iterable[type[CanonicalEvent]]) -> Json:
    found: Json = {}
    for event in events:
        schema = event.model_json_schema(ref_template=REFERENCE)
        found |= schema.pop("$defs", {})
        found[event.__name__] = schema
    return dict(sorted(found.items()))
