"""What a failing disk does to a stream's files while the server is stopped."""

from pathlib import Path

from chassis.local.nats import NatsServer


def blocks(server: NatsServer, stream: str) -> list[Path]:
    """Return the block files of a stream, the oldest first.

    Raises:
        FileNotFoundError: the server holds none.
    """
    found = sorted(server.folder.glob(f"jetstream/jetstream/*/streams/{stream}/msgs/*.blk"), key=lambda p: int(p.stem))
    if not found:
        raise FileNotFoundError(f"no block of {stream} in {server.folder}")
    return found


def flip(block: Path, place: float = 0.5) -> None:
    """Change one bit at a place between 0 (the first byte) and 1 (the last)."""
    content = bytearray(block.read_bytes())
    content[int(len(content) * place)] ^= 1
    block.write_bytes(content)


def truncate(block: Path, place: float = 0.5) -> None:
    """Cut a block off at a place between 0 and 1."""
    with block.open("r+b") as file:
        file.truncate(int(block.stat().st_size * place))
