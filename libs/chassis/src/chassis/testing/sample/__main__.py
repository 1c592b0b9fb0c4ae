"""Run the sample service."""

from chassis import Settings, run
from chassis.testing.sample.app import build

if __name__ == "__main__":
    run(build, Settings)
