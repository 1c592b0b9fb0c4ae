"""The process of a store's edge: its HTTP server and its drain, until it is told to stop."""

import logging
from datetime import timedelta

import httpx
import uvicorn

from edge.api import make_app
from edge.buffer import Buffer
from edge.drain import ANSWER_SECONDS, Drain
from edge.settings import EdgeSettings


def run(settings: EdgeSettings) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        Occupied: another process works on the folder, or it belongs to another store.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    buffer = Buffer(settings.folder, settings.site, most_waiting=settings.most_waiting)
    with httpx.Client(base_url=settings.inventory_url, timeout=ANSWER_SECONDS) as http:
        drain = Drain(
            buffer,
            http,
            site=settings.site,
            batch=settings.batch,
            longest_pause=settings.longest_pause_seconds,
            keep=timedelta(days=settings.keep_days),
        )
        drain.start()
        try:
            app = make_app(settings.site, buffer, drain, settings.most_waiting)
            uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, access_log=False)
        finally:
            drain.stop()
            buffer.close()
