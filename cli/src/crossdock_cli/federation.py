"""A hub and its regions on one machine: each an ordinary mesh in a folder and on a hundred ports of its own."""

import json
import re
from dataclasses import replace

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.layout import HOST, LAST_OFFSET, TOPOLOGY_BASE, Layout
from crossdock_cli.mesh import DEMO_FOLDER

NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")


def layouts(common: Layout, regions: tuple[str, ...]) -> list[Layout]:
    """Return the meshes to start: without regions one, else the hub, which runs what belongs to it, then each region.

    Raises:
        CliError: a region's name cannot be used, or outside servers were named, which no three meshes can share.
    """
    from canonical.federation import HUB

    if not regions:
        return [common]
    if wrong := [name for name in regions if not NAME.fullmatch(name) or name in (HUB, DEMO_FOLDER)]:
        raise CliError(f"{wrong[0]} cannot name a region: use a short word in small letters, like eu.", Exit.USAGE)
    if common.nats_url or common.database_url:
        raise CliError("--regions starts servers of its own: leave out --nats-url and --database-url.", Exit.USAGE)
    folder = common.folder / HUB
    found = [
        replace(
            common,
            state_dir=str(common.folder / region),
            base_port=common.base_port + (LAST_OFFSET + 1) * place,
            region=region,
            hub=str(folder.absolute()),
        )
        for place, region in enumerate(dict.fromkeys(regions), 1)
    ]
    addresses = {
        layout.region: {"url": f"http://{HOST}:{{port}}", "moved": layout.base_port - TOPOLOGY_BASE} for layout in found
    }
    hub = replace(
        common,
        state_dir=str(folder),
        region=HUB,
        regions=tuple(layout.region for layout in found),
        with_sandbox=False,
        only=(),
        settings={**common.settings, "REGIONS": json.dumps(addresses)},
    )
    return [hub, *found]
