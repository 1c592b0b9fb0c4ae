"""The HTTP interface of replays, the same for every service."""

from typing import Any

from fastapi import APIRouter

from chassis.replay.runner import Replayer
from chassis.replay.selection import Plan, Replay, Wanted


def shown(replay: Replay) -> dict[str, Any]:
    """Return a replay as it is shown: what was asked for, how far it is, what came of it, seconds left."""
    said = replay.model_dump(mode="json", exclude={"cursors"})
    return {**said, "remaining_seconds": replay.remaining_seconds}


def router(replayer: Replayer) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["replay"])

    @routes.post("/replays/plan")
    async def plan_replay(wanted: Wanted) -> Plan:
        """Say what a replay would cover; nothing is done."""
        return await replayer.planner.plan(replayer.planner.ending(wanted))

    @routes.post("/replays", status_code=202)
    async def start_replay(wanted: Wanted) -> dict[str, Any]:
        """Begin a replay into this service's own handlers."""
        replay, plan = await replayer.start(wanted)
        return {**shown(replay), "plan": plan.model_dump(mode="json")}

    @routes.get("/replays")
    async def list_replays(limit: int = 50) -> list[dict[str, Any]]:
        """Return the replays begun last, newest first."""
        return [shown(replay) for replay in await replayer.book.newest(max(1, min(limit, 500)))]

    @routes.get("/replays/{replay_id}")
    async def show_replay(replay_id: str) -> dict[str, Any]:
        """Return a replay and its progress."""
        return shown(await replayer.known(replay_id))

    @routes.post("/replays/{replay_id}/stop")
    async def stop_replay(replay_id: str) -> dict[str, Any]:
        """End a replay early."""
        return shown(await replayer.stop(replay_id))

    @routes.post("/replays/{replay_id}/resume")
    async def resume_replay(replay_id: str) -> dict[str, Any]:
        """Have a stopped or failed replay go on."""
        return shown(await replayer.resume(replay_id))

    return routes
