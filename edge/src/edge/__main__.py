"""Runs a store's edge until it is told to stop."""

from edge.process import run
from edge.settings import EdgeSettings

if __name__ == "__main__":
    run(EdgeSettings())
