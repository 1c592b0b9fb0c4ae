"""Run the outside world."""

import argparse
import asyncio
import gc
import logging
import re
import secrets
import sys
from pathlib import Path

import uvicorn
import uvloop
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette

from sandbox.control import Control
from sandbox.customers import Crm, Mailbox, Portal
from sandbox.dialects import Nordfreight, SwiftParcel
from sandbox.erp import Erp
from sandbox.tms import Tms
from sandbox.wms import Wms
from sandbox.world import SERVICES_URL, World

ORDER_ID = re.compile(r"SO-\w+-\d{6}")
SECRETS = ("swiftparcel", "nordfreight", "portal")


def ensure_secrets(folder: Path) -> dict[str, bytes]:
    """Return the secrets the systems sign with, making those that do not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, bytes] = {}
    for name in SECRETS:
        path = folder / f"{name}.secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32))
        found[name] = path.read_text().strip().encode()
    return found


def build(
    base_port: int, secrets_of: dict[str, bytes], services_url: str = SERVICES_URL
) -> tuple[World, Wms, Mailbox, Starlette]:
    """Return the world and its HTTP application."""
    world = World(base_port, secrets_of, services_url)
    erp, wms, tms = Erp(world), Wms(world), Tms(world)
    swift, nord = SwiftParcel(world, order_of), Nordfreight(world, order_of)
    crm, portal = Crm(world), Portal(world)
    control = Control(world, erp, wms, [swift, nord])
    mailbox = Mailbox(world)
    parts = (erp, wms, tms, swift, nord, crm, portal, mailbox, control)
    return world, wms, mailbox, Starlette(routes=[route for part in parts for route in part.routes()])


def order_of(shipment: str) -> str:
    """Return the order a shipment is for: the shipper's references carry its number."""
    found = ORDER_ID.search(shipment)
    return found.group() if found else ""


async def serve(args: argparse.Namespace) -> None:
    """Serve until told to stop."""
    world, wms, mailbox, app = build(args.base_port, ensure_secrets(args.secrets_dir), args.services_url)
    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(
        lambda: SMTP(mailbox, loop=loop, enable_SMTPUTF8=True), host=args.host, port=args.smtp_port
    )
    world.spawn(world.timetable.run())
    world.spawn(wms.push())
    config = uvicorn.Config(
        app,
        host=args.host,
        port=args.port,
        http="httptools",
        log_level="warning",
        access_log=False,
        lifespan="off",
        proxy_headers=False,
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        smtp.close()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="sandbox", description="The outside world of Crossdock, simulated.")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind")
    parser.add_argument("--port", type=int, default=8190, help="TCP port of all HTTP systems")
    parser.add_argument("--smtp-port", type=int, default=8191, help="TCP port of the mailbox")
    parser.add_argument("--base-port", type=int, default=8100, help="base port of the mesh that is called back")
    parser.add_argument("--services-url", default=SERVICES_URL, help="base URL of a service; {name} and {port} its own")
    parser.add_argument("--secrets-dir", type=Path, required=True, help="folder of the shared secrets")
    args = parser.parse_args()
    logging.basicConfig(level="INFO", stream=sys.stderr)
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    gc.set_threshold(20_000, 20, 50)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(args))
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot listen: {error}. Free the port or choose another.\n")
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
