"""The routing rules in force: those of central metadata first, then the service's own."""

from collections.abc import Mapping
from typing import Protocol

from canonical.metadata import RoutingRule

from transport_planner.domain import RoutingRules, Rule


class Central(Protocol):
    """What central metadata says, by name."""

    def all(self) -> Mapping[str, RoutingRule]:
        """Return every rule.

        Raises:
            Temporary: none was read since the start.
        """
        ...


class CentralRouting:
    """Central rules, by their place, before the service's own: who writes one there is asked first."""

    def __init__(self, central: Central, own: RoutingRules) -> None:
        self._central, self._own = central, own

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the rules in the order in which they are asked.

        Raises:
            Temporary: central metadata was not read since the start.
        """
        found = sorted(self._central.all().items(), key=lambda one: (one[1].place, one[0]))
        central = (Rule(name=name, **rule.model_dump(exclude={"place"})) for name, rule in found)
        return (*central, *self._own.rules)
