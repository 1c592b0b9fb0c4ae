"""Remove from an image what others' packages bring and no service uses: `slim.py SITE_PACKAGES WORDS`.

WORDS is a folder with one file per language that customers read: of babel's 800 languages these stay.
"""

import shutil
import sys
from pathlib import Path

UNUSED = (
    # the data lake is written to folders: no remote tables, no object stores, nothing to compile against
    "pyarrow/tests", "pyarrow/include", "pyarrow/includes", "pyarrow/src", "pyarrow/*.p[xy][dxi]",
    "pyarrow/*_flight*", "pyarrow/*_s3*", "pyarrow/libarrow_python*.so", "pyarrow/libarrow_python*.so.*.*.*",
)  # fmt: skip
LOCALES = "babel/locale-data"


def slim(packages: Path, words: Path) -> None:
    """Remove what is unused; what is not installed is passed over."""
    for pattern in UNUSED:
        for path in packages.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    spoken = {"root", *(path.stem for path in words.glob("*.yaml"))}
    for path in (packages / LOCALES).glob("*.dat"):
        if path.stem.split("_")[0] not in spoken:
            path.unlink()


if __name__ == "__main__":
    slim(Path(sys.argv[1]), Path(sys.argv[2]))
