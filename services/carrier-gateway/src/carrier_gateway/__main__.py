"""Run carrier-gateway."""

from chassis import run

from carrier_gateway.app import build
from carrier_gateway.settings import ServiceSettings

if __name__ == "__main__":
    run(build, ServiceSettings)
