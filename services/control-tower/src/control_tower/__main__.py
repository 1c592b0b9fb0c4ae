"""Run control-tower."""

from chassis import run

from control_tower.app import build
from control_tower.settings import ServiceSettings

if __name__ == "__main__":
    run(build, ServiceSettings)
