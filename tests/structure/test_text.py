"""What no file may hold, and how large a file, a function may grow."""

import ast
import re

import pytest
from workspace import LIBRARIES, MEMBERS, ROOT, SERVICES, modules, texts

# Written in pieces, so that this file passes its own test.
REGISTRY_HOST = re.compile(
    "|".join(["py" + r"pi\.(org|python)", "python" + r"hosted\.org", "registry\\.npm" + r"js\.", "anaconda" + r"\.org"])
)
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:work|root|Users|opt/wheels)/|(?<![\w.$}/-])/home/\w+/")
UNFINISHED = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|XX" + "X)\b")

OUTSIDE = [ROOT / folder / "src" for folder in ("sandbox", "cli", "edge")]
FILE_CEILING = 300
FUNCTION_CEILING = 40
CEILINGS = {"__main__.py": 10, "app.py": 120, "ports.py": 160, "settings.py": 120, "api.py": 200}


def findings(pattern: re.Pattern[str], suffixes: tuple[str, ...] = ()) -> list[str]:
    """Return path, line number and match of everything the pattern finds in the repository."""
    return [
        f"{path}:{number}: {match.group()}"
        for path, text in texts()
        if path.endswith(suffixes or ("",))
        for number, line in enumerate(text.splitlines(), 1)
        if (match := pattern.search(line))
    ]


def test_no_file_names_a_package_registry() -> None:
    assert findings(REGISTRY_HOST) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert findings(MACHINE_PATH) == []


def test_nothing_is_left_unfinished() -> None:
    assert findings(UNFINISHED, (".py", ".md", ".toml", ".yaml", ".sh")) == []


def test_constraints_carry_hashes_and_no_address() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert [line.split()[0] for line in requirements if not line.startswith("#") and "--hash=sha256:" not in line] == []


def test_python_files_stay_under_their_ceiling() -> None:
    sources = [member.folder for member in MEMBERS] + [ROOT / "tools", ROOT / "tests"]
    services = {str(service.source.relative_to(ROOT)) for service in SERVICES}
    too_long = []
    for path, text, _ in modules(*sources):
        folder, _, name = path.rpartition("/")
        ceiling = CEILINGS.get(name, FILE_CEILING) if folder in services else FILE_CEILING
        if (lines := len(text.splitlines())) > ceiling:
            too_long.append(f"{path}: {lines} lines, ceiling {ceiling}")
    assert too_long == []


@pytest.mark.parametrize("kind", ["libs", "services", "sandbox", "cli", "edge"])
def test_functions_fit_on_a_screen(kind: str) -> None:
    sources = [member.folder / "src" for member in MEMBERS if member.path.split("/")[0] == kind]
    too_long = [
        f"{path}:{node.lineno} {node.name}: {length} lines"
        for path, _, tree in modules(*sources)
        if "/migrations/" not in path
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_CEILING
    ]
    assert too_long == []


def test_every_module_says_what_it_is_for() -> None:
    sources = [member.folder / "src" for member in [*LIBRARIES, *SERVICES]] + OUTSIDE
    silent = [
        path
        for path, text, tree in modules(*sources)
        if text.strip() and "/migrations/" not in path and not ast.get_docstring(tree)
    ]
    assert silent == []
