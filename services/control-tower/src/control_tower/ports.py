"""What control-tower needs of others."""

from typing import Any, Protocol


class Neighbours(Protocol):
    """The HTTP interfaces of the region's services."""

    async def ask(self, service: str, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401  any JSON
        """Return a service's answer.

        Raises:
            Temporary: it does not answer.
            Rejected: it refuses.
        """
        ...
