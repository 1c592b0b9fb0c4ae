"""Run the sample service."""

from chassis import run
from chassis.testing.sample.changes import build
from chassis.testing.sample.settings import SampleSettings

if __name__ == "__main__":
    run(build, SampleSettings)
