"""Recorded shapes of answers, with invented contents."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parents[3] / "data" / "cloudgene"


def sample(name: str) -> Any:
    """The JSON of a sample file."""
    return json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
