"""Power cuts: everything is held, the disk is copied as it is, everything is killed, and life goes on from the copy."""

import os
import signal
from collections.abc import Iterable

import psutil

from rig.volume import Volume


def cut(disk: Volume, *pids: int) -> None:
    """Cut the power of servers and their disk; what is mounted then is the disk as it was at that moment.

    What the servers wrote without syncing is in the memory of the old mount only, and is gone with it.
    """
    servers = [psutil.Process(pid) for pid in pids]
    family = [process for server in servers for process in (server, *server.children(recursive=True))]
    _signal(family, signal.SIGSTOP)
    try:
        snapshot = disk.snapshot()
    finally:
        _signal(family, signal.SIGKILL)
    psutil.wait_procs(family, 10)
    disk.unmount()
    snapshot.replace(disk.image)
    disk.mount()


def _signal(family: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in family:
        os.kill(process.pid, number)
