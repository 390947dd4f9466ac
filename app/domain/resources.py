"""Where the files that ship with the program lie."""

import sys
from pathlib import Path


def resource(*parts: str) -> Path:
    """The path of a shipped file: in a checkout, an installed wheel or a frozen program."""
    frozen = getattr(sys, "_MEIPASS", None)
    package = Path(__file__).resolve().parents[1]
    roots = [Path(frozen) / "resources"] if frozen else [package.parent / "resources", package / "resources"]
    root = next((each for each in roots if each.is_dir()), roots[0])
    return root.joinpath(*parts)
