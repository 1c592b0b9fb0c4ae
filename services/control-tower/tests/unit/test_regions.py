"""The tower knows where the services of each region are, and asks which region is meant where there are several."""

import pytest

from canonical import topology
from chassis import Rejected, Service

from control_tower.directory import Regions
from control_tower.domain.mesh import Address
from control_tower.settings import ServiceSettings

PORT = topology.load().services["order-release"].port


def test_without_regions_the_services_are_where_the_topology_says_moved_like_the_tower() -> None:
    (address,) = ServiceSettings(port=9107).addresses().values()
    assert address.of("order-release", PORT) == f"http://127.0.0.1:{PORT + 1000}"


def test_a_hub_is_told_of_its_regions_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    regions = '{"eu": {"url": "http://{name}.eu"}, "us": {"url": "http://127.0.0.1:{port}", "moved": 200}}'
    monkeypatch.setenv("CROSSDOCK_REGIONS", regions)
    found = {name: address.of("order-release", PORT) for name, address in ServiceSettings().addresses().items()}
    assert found == {"eu": "http://order-release.eu", "us": f"http://127.0.0.1:{PORT + 200}"}


async def test_the_region_must_be_named_where_there_are_several() -> None:
    service = Service("control-tower", ServiceSettings())
    regions = Regions(service, {"eu": Address(url="http://127.0.0.1:9"), "us": Address(url="http://127.0.0.1:9")})
    with pytest.raises(Rejected, match="say of which region: eu, us") as unnamed:
        await regions.ask("order-release", "GET", "dead-letters")
    assert unnamed.value.status == 422
    with pytest.raises(Rejected, match="no region asia"):
        await regions.ask("order-release", "GET", "dead-letters", region="asia")
    nodes = await regions.nodes()
    assert {(node.region, node.answers) for node in nodes} == {("eu", False), ("us", False)}
    groups, silent = await regions.groups()
    assert groups == []
    assert {"eu/order-release", "us/order-release"} <= set(silent)
    await service.systems.close()
