"""Settings of control-tower."""

from pathlib import Path

from pydantic import Field

from canonical import topology
from chassis import Settings

from control_tower.domain.mesh import Address


class ServiceSettings(Settings):
    """How long the archive keeps, where the services are (of one region, or of a hub's regions), and who sees what."""

    port: int = Field(default=8107, description="TCP port the HTTP server binds.")
    archive_days: int = Field(default=400, ge=15, description="Days an event is kept in the archive, by day recorded.")
    contracts_dir: Path = Field(
        default=Path("services"), description="Folder of the services' contracts, `<service>/contract.yaml`."
    )
    archive_ops_days: int = Field(
        default=400, ge=15, description="The same for what people and machines did about the mesh (domain ops)."
    )
    archive_notification_days: int = Field(
        default=90, ge=15, description="The same for messages to customers, which hold their addresses."
    )
    services_url: str = Field(
        default="http://127.0.0.1:{port}",
        description="Base URL of a service's HTTP interface; {name} and {port} stand for its own. "
        "Ports keep the topology's distance from this service's.",
    )
    regions: dict[str, Address] = Field(
        default={}, description="Of a hub: where the services of each region are, as JSON by region."
    )
    tracking_keys_file: Path | None = Field(
        default=None,
        description="File of the keys of tracking links, one a line; read again when it changes. None: no link opens.",
    )
    brands_dir: Path = Field(
        default=Path("partners/brands"), description="Folder of the companies' brands; read again when a file changes."
    )
    visits_per_minute: int = Field(default=60, ge=1, description="Tracking pages one address may load in a minute.")
    proxies: int = Field(
        default=0,
        ge=0,
        description="Own proxies in front; the outermost says who the visitor is (X-Forwarded-For).",
    )

    def days_of_classes(self) -> dict[str, int]:
        """Return for how many days each class of events is kept."""
        return {
            "business": self.archive_days,
            "ops": self.archive_ops_days,
            "notification": self.archive_notification_days,
        }

    def addresses(self) -> dict[str, Address]:
        """Return where the services of each region are."""
        moved = self.port - topology.load().services["control-tower"].port
        return self.regions or {self.region: Address(url=self.services_url, moved=moved)}
