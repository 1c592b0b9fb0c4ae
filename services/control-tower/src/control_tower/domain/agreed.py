"""Times agreed in central metadata: with one customer, else with all, in place of what the flow allows."""

from collections.abc import Iterable

from canonical import calendars
from canonical.metadata import Sla

from control_tower.domain.limits import Limit, opened_by


class Agreed:
    """The times agreed, by flow, by the event they begin with, and by customer.

    One that a later release cannot keep, since its calendar is gone, is passed over: the flow's time counts.
    """

    def __init__(self, agreements: Iterable[Sla] = ()) -> None:
        self._found = {(one.flow, one.after, one.customer): one for one in agreements if refusal(one) is None}

    def of(self, limit: Limit, customer: str | None) -> Limit:
        """Return the limit as it was agreed with a customer."""
        begins = limit.flow, limit.after
        own = self._found.get((*begins, customer)) or self._found.get((*begins, None))
        return limit if own is None else limit.agreed(own.within_seconds, own.calendar)


def refusal(agreement: Sla) -> str | None:
    """Say why a time cannot be kept; None when it can."""
    if agreement.calendar and agreement.calendar not in calendars.load():
        return f"there is no calendar {agreement.calendar}: choose from {', '.join(sorted(calendars.load()))}"
    begins = [limit.after for limits in opened_by().values() for limit in limits if limit.flow == agreement.flow]
    if agreement.after in begins:
        return None
    if not begins:
        flows = sorted({limit.flow for limits in opened_by().values() for limit in limits})
        return f"there is no flow {agreement.flow} with time limits: choose from {', '.join(flows)}"
    return f"no time limit of {agreement.flow} begins with {agreement.after}: choose from {', '.join(sorted(begins))}"


AS_IN_FLOWS = Agreed()
"""Nothing was agreed."""
