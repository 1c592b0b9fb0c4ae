"""Run warehouse-adapter."""

from chassis import run

from warehouse_adapter.app import build
from warehouse_adapter.settings import ServiceSettings

if __name__ == "__main__":
    run(build, ServiceSettings)
