"""Run notification."""

from chassis import run

from notification.app import build
from notification.settings import ServiceSettings

if __name__ == "__main__":
    run(build, ServiceSettings)
