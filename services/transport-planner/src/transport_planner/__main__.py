"""Run transport-planner."""

from chassis import run

from transport_planner.app import build
from transport_planner.settings import ServiceSettings

if __name__ == "__main__":
    run(build, ServiceSettings)
