"""How a command ends: exit codes that mean something, and the one failure that carries them."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command; they are a promise to scripts."""

    DONE = 0
    """Done, and what was checked is right."""
    UNCLEAN = 1
    """It ran, but the result is not clean: something lost, doubled, from nowhere, not found or refused."""
    USAGE = 2
    """The command line was wrong."""
    PREFLIGHT = 3
    """The mesh cannot start on this machine as it is."""
    NOT_RUNNING = 4
    """The mesh, or the part that is needed, is not running."""
    TIMEOUT = 5
    """It did not finish in the time given."""


class CliError(Exception):
    """A foreseen end; the text is one sentence that says what is wrong and what to do."""

    def __init__(self, text: str, code: Exit) -> None:
        super().__init__(text)
        self.code = code
