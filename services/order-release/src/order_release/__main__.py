"""Run order-release."""

from chassis import run

from order_release.app import build
from order_release.settings import ServiceSettings

if __name__ == "__main__":
    run(build, ServiceSettings)
