"""A release of one package changes that package alone, and is refused where it would break what runs."""

import json
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from workspace import ROOT

from canonical import EVENTS

from release import CHARTS, COMPOSE, HERE, main, next_version, touched

NAME = "carrier-gateway"
KEPT = (*CHARTS, COMPOSE, Path("services") / NAME, Path("libs/canonical"))


def git(root: Path, *arguments: str) -> str:
    name = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    return subprocess.run(["git", *name, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with what a release reads and changes, and something to tell."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@example.com")
    root = tmp_path / "copy"
    for path in KEPT:
        take = shutil.copytree if (ROOT / path).is_dir() else shutil.copy
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        take(ROOT / path, root / path)
    log = root / "services" / NAME / "CHANGELOG.md"
    title, rest = log.read_text().split("\n", 1)
    log.write_text(f"{title}\n\n## Unreleased\n- Pallets are booked.\n{rest}")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "begin")
    return root


def test_a_release_is_told_everywhere_and_touches_no_other_service(copy: Path) -> None:
    assert main([NAME, "--bump", "minor", "--against", HERE, "--root", str(copy)]) == 0
    project = tomllib.loads((copy / "services" / NAME / "pyproject.toml").read_text())["project"]
    version = project["version"]
    assert version == next_version(
        tomllib.loads((ROOT / "services" / NAME / "pyproject.toml").read_text())["project"]["version"], "minor"
    )
    text = (copy / "services" / NAME / "CHANGELOG.md").read_text()
    assert f"## {version} (" in text
    assert "Unreleased" not in text
    before, after = (yaml.safe_load((root / COMPOSE).read_text())["services"] for root in (ROOT, copy))
    retagged = {name for name in after if before[name]["image"] != after[name]["image"]}
    assert retagged == {NAME, f"us-{NAME}"}
    assert after[NAME]["image"].endswith(f":-{version}}}")
    values = [yaml.safe_load((copy / chart).read_text())["services"] for chart in CHARTS]
    assert {name: block.get("tag") for block in values for name, block in block.items() if "tag" in block} == {
        NAME: version
    }
    assert git(copy, "tag", "--list").split() == [f"{NAME}/{version}"]
    assert "Pallets are booked." in git(copy, "tag", "--list", "-n9")
    assert git(copy, "status", "--porcelain") == ""


def test_a_break_is_refused_with_the_consumers_name(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What runs wrote a field this release no longer reads as it was."""
    folder = copy / "libs" / "canonical" / "registered" / "carrier.carrier-booked.v1"
    latest = max(folder.glob("*.json"))
    schema = json.loads(latest.read_text())
    schema["properties"]["tracking_url_of_old"] = {"type": "string"}
    schema["required"] = [*schema.get("required", []), "tracking_url_of_old"]
    (folder / f"{int(latest.name.split('.')[0]) + 1}.schema.json").write_text(json.dumps(schema))
    git(copy, "add", ".")
    git(copy, "commit", "--quiet", "--message", "a revision that runs elsewhere")
    head = git(copy, "rev-parse", "HEAD")
    assert main([NAME, "--against", HERE, "--root", str(copy)]) == 2
    told = capsys.readouterr().err
    assert "carrier.carrier-booked.v1" in told
    assert "tracking_url_of_old" in told
    assert git(copy, "rev-parse", "HEAD") == head
    assert git(copy, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["yard-control", "--against", HERE], "no package"),
        (["", "--against", HERE], "no package"),
        (["canonical", "--against", HERE], "Unreleased"),
        ([NAME], "say what runs"),
        ([NAME, "--against", "http://127.0.0.1:1"], "not compatible with what runs at"),
    ],
)
def test_a_release_that_cannot_be_changes_nothing(
    copy: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    head = git(copy, "rev-parse", "HEAD")
    assert main([*arguments, "--root", str(copy)]) == 2
    assert reason in capsys.readouterr().err
    assert git(copy, "status", "--porcelain") + git(copy, "tag") == ""
    assert git(copy, "rev-parse", "HEAD") == head


def test_uncommitted_work_is_refused(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "new.txt").write_text("half done")
    assert main([NAME, "--against", HERE, "--root", str(copy)]) == 2
    assert "not committed" in capsys.readouterr().err


def test_a_dry_run_changes_nothing(copy: Path) -> None:
    assert main([NAME, "--against", HERE, "--dry-run", "--root", str(copy)]) == 0
    assert git(copy, "status", "--porcelain") + git(copy, "tag") == ""


@pytest.mark.parametrize(("bump", "version"), [("patch", "1.2.4"), ("minor", "1.3.0"), ("major", "2.0.0")])
def test_the_next_version(bump: str, version: str) -> None:
    assert next_version("1.2.3", bump) == version


def test_a_service_answers_for_what_it_hears_and_publishes() -> None:
    assert {"transport.shipment-planned.v1", "carrier.carrier-booked.v1"} <= set(touched(NAME))
    assert "order.completed.v1" not in touched(NAME)
    assert set(touched("canonical")) == set(EVENTS)
