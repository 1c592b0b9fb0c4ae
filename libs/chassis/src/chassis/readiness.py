"""Whether a service should get traffic, and why not."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chassis.service import Service

OLDEST_SECONDS = 30


def unready(service: "Service") -> list[str]:
    """Return why the service should get no traffic; empty when it should."""
    reasons = [f"durable {name} is missing: run the provisioner" for name in service.broker.missing()]
    if not service.started:
        return ["starting or stopping"]
    if not service.broker.is_connected:
        reasons.append("the broker connection is down")
    if since := service.committer.database_away_since:
        reasons.append(f"the database is away since {since.isoformat()}")
    if why := service.office.ceiling.reached:
        reasons.append(f"too much fails and nothing more is taken: {why}")
    if service.relay.age_seconds > OLDEST_SECONDS:
        reasons.append(f"the oldest unpublished event is {service.relay.age_seconds:.0f} s old")
    return reasons
