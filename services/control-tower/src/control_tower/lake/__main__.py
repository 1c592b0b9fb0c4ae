"""`python -m control_tower.lake`: export the archive to a folder of Parquet files, or print how DuckDB reads one."""

import argparse
import asyncio
import logging
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
from sqlalchemy.exc import DBAPIError

from chassis import StartupError
from chassis.away import is_away
from chassis.clock import new_id
from chassis.migrate import migrate
from chassis.sql import engine_of

from control_tower.domain.audit import Entry
from control_tower.domain.lake_views import views
from control_tower.lake.folder import Folder, WrongFolder
from control_tower.lake.run import MOST, Export
from control_tower.records.audit import Audit
from control_tower.settings import ServiceSettings

log = logging.getLogger(__name__)

PACKAGE = Path(__file__).resolve().parents[1]


def arguments() -> argparse.ArgumentParser:
    """Return what the command line takes."""
    parser = argparse.ArgumentParser(prog="python -m control_tower.lake", description=__doc__)
    kinds = parser.add_subparsers(dest="command", required=True)
    run = kinds.add_parser("run")
    run.add_argument("--to", type=Path, required=True)
    run.add_argument("--follow", action="store_true")
    run.add_argument("--every", type=float, default=60.0, help="seconds between two looks when following")
    run.add_argument("--most", type=int, default=MOST, help="events of one range at most")
    run.add_argument("--with-personal-data", action="store_true")
    run.add_argument("--actor", required=True)
    run.add_argument("--reason", default="")
    show = kinds.add_parser("views")
    show.add_argument("--of", type=Path, required=True)
    return parser


async def export(args: argparse.Namespace, settings: ServiceSettings) -> None:
    """Export, and print a line of JSON for each range; a run is in the audit before its first file."""
    engine = engine_of(settings.database_url)
    try:
        await migrate(engine, PACKAGE / "migrations")
        work = Export(engine, Folder(args.to), personal_data=args.with_personal_data)
        run, audit = _entry(args, work.id), Audit(engine)
        await audit.keep([run])
        try:
            while True:
                run.covered += await _export_once(work, args)
                if not args.follow:
                    run.state = "done"
                    return
                await asyncio.sleep(args.every)
        finally:
            run.state = run.state if run.state == "done" else "ended"
            run.ended_at = datetime.now(UTC)
            await audit.keep([run])
    finally:
        await engine.dispose()


async def _export_once(work: Export, args: argparse.Namespace) -> int:
    """Export what is settled now; while it follows, a database that is away is waited for."""
    exported = 0
    try:
        async for cut, events in work.run(most=args.most):
            exported += events
            sys.stdout.write(orjson.dumps({"range": cut.name, "events": events}).decode() + "\n")
            sys.stdout.flush()
    except (OSError, DBAPIError) as error:
        if not (args.follow and is_away(error)):
            raise
        log.warning("export_waits", extra={"error": repr(error)[:300]})
    return exported


def work(args: argparse.Namespace, settings: ServiceSettings) -> None:
    """Export until it is done, or until the process is asked to end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asyncio.run(export(args, settings))


def _entry(args: argparse.Namespace, export_id: str) -> Entry:
    action = "export with personal data" if args.with_personal_data else "export"
    return Entry(
        service="control-tower",
        id=new_id(),
        action=action,
        actor=args.actor,
        reason=args.reason,
        target=str(args.to),
        state="running",
        at=datetime.now(UTC),
        detail={"export": export_id, "follow": args.follow},
    )


def main() -> None:
    """Do what the command line says; a foreseen failure is one sentence and exit code 1."""
    parser = arguments()
    args = parser.parse_args()
    if args.command == "views":
        sys.stdout.write(views(args.of.as_posix()))
        return
    if args.with_personal_data and not args.reason.strip():
        parser.error("personal data are exported only for a reason: add --reason")
    try:
        work(args, ServiceSettings())
    except (WrongFolder, StartupError, OSError, DBAPIError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
