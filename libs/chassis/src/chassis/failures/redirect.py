"""A dead letter handed to another service: through the outbox and the RETRY stream into that service's own handling."""

import base64

import orjson
from nats.aio.msg import Msg
from sqlalchemy import text

from chassis.failures.letters import Origin

REDIRECT = text(
    "INSERT INTO outbox (event_id, stream, subject, payload) "
    "SELECT :service || ':redirect:' || l.id || ':' || l.act_id, 'RETRY', :prefix || '.' || a.target, "
    "convert_to(json_build_object('source', l.source, 'id', l.origin, 'stream', l.stream, 'sequence', l.stream_seq, "
    "'subject', l.subject, 'headers', l.headers, 'kind', l.kind, 'partition', l.partition, "
    "'correlation_id', l.correlation_id, 'body', encode(l.body, 'base64'), 'from', CAST(:service AS text), "
    "'actor', a.actor, 'reason', a.reason)::text, 'UTF8') "
    "FROM letter l JOIN letter_act a ON a.id = l.act_id WHERE l.act_id = :id ORDER BY l.id"
)


def redirected(msg: Msg) -> tuple[bytes, Origin]:
    """Return the body of a redirected message and where it came from first.

    Raises:
        ValueError: it is no redirected message.
    """
    said = orjson.loads(msg.data)
    fields = ("source", "id", "stream", "sequence", "subject", "headers", "kind", "partition", "correlation_id")
    return base64.b64decode(said["body"]), Origin(**{name: said[name] for name in fields})
