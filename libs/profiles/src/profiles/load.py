"""Profiles from their files; whatever is wrong is named with its line and key."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from profiles.profile import Profile

SIZE = 1_048_576


class Broken(ValueError):
    """A profile that cannot be used: one line per mistake, each `file:line: key: what is wrong`."""


def load(path: Path) -> Profile:
    """Return the profile a file holds.

    Raises:
        Broken: it is no YAML, or no profile.
        OSError: it cannot be read.
    """
    if path.stat().st_size > SIZE:
        raise Broken(f"{path}:1: a profile has at most {SIZE} bytes")
    profile = parse(path.read_text(encoding="utf-8"), str(path))
    if profile.carrier != path.stem:
        raise Broken(f"{path}:1: carrier: '{profile.carrier}' must be the file's name, '{path.stem}'")
    return profile


def parse(text: str, name: str) -> Profile:
    """Return the profile a text holds; `name` is what mistakes are told under.

    Raises:
        Broken: it is no YAML, or no profile.
    """
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_twice(tree, name)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Broken(f"{name}:{line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise Broken(f"{name}:1: {error}") from error
    try:
        return Profile.model_validate(values)
    except ValidationError as error:
        raise Broken("\n".join(_mistake(name, tree, found) for found in error.errors())) from error


def _mistake(name: str, tree: yaml.Node | None, found: Any) -> str:  # noqa: ANN401  pydantic's error
    key = ".".join(str(part) for part in found["loc"]) or "profile"
    message = str(found["msg"]).removeprefix("Value error, ")
    return f"{name}:{_line(tree, found['loc'])}: {key}: {message}"


def _line(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """Return the line of the deepest part of the path that is there."""
    line = node.start_mark.line if node else 0
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        # a single value where a list may stand has no index in the file
    return line + 1


def _refuse_twice(node: yaml.Node | None, name: str) -> None:
    """Refuse a key that stands twice in one place: YAML would silently take the last."""
    if isinstance(node, yaml.SequenceNode):
        for part in node.value:
            _refuse_twice(part, name)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise Broken(f"{name}:{key.start_mark.line + 1}: {key.value}: the key stands here twice")
            seen.add(key.value)
            _refuse_twice(value, name)
