"""What a benchmark does in a process of its own: score an arrived result, and rank those that were scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.domain.accuracy import TruthScore
from app.domain.progress import Report, silent
from app.results.masking.ranking import Ranked, rank
from app.results.merging.files import result_files
from app.results.truth.people import read_groups
from app.results.truth.scoring import TruthRequest, score_in_blocks
from app.results.truth.sums import Floats

WINDOW = 100_000
"""Base pairs of a stretch: hidden sites so far apart hardly share an error."""


@dataclass(frozen=True)
class HiddenErrand:
    """Score the result in `folder` at hidden sites; the sums of each stretch are kept in `sums`.

    `people` is a table with the group of each person.
    """

    folder: str
    name: str
    truth: tuple[str, ...]
    sums: str
    people: str | None = None


def score_hidden(errand: HiddenErrand, report: Report = silent) -> TruthScore:
    """The score at the hidden sites. ProblemError when the result cannot be read."""
    request = TruthRequest(
        errand.name,
        result_files(errand.folder, errand.name).dose,
        tuple(Path(each) for each in errand.truth),
        ancestry=read_groups(Path(errand.people)) if errand.people is not None else None,
        project=False,
        all_chromosomes=True,
        window=WINDOW,
    )
    made = score_in_blocks(request, report)
    keep_sums(Path(errand.sums), made.blocks)
    return made.score


def rank_scored(sums: Sequence[str], report: Report = silent) -> Ranked:
    """Rank results by the sums that were kept of each."""
    return rank([kept_sums(Path(each)) for each in sums])


def keep_sums(path: Path, blocks: dict[tuple[str, int], Floats]) -> None:
    """Write the sums; the file has its name when it is whole."""
    part = path.with_name(path.name + ".part")
    keys = sorted(blocks)
    tables = np.stack([blocks[key] for key in keys]) if keys else np.zeros((0, 0, 0))
    with part.open("wb") as file:
        np.savez_compressed(
            file,
            chromosomes=np.array([key[0] for key in keys], np.str_),
            windows=np.array([key[1] for key in keys], np.int64),
            tables=tables,
        )
    part.replace(path)


def kept_sums(path: Path) -> dict[tuple[str, int], Floats]:
    """What `keep_sums` wrote. OSError when it is not there."""
    with np.load(path, allow_pickle=False) as kept:
        keys = zip(kept["chromosomes"].tolist(), kept["windows"].tolist(), strict=True)
        return dict(zip(keys, kept["tables"], strict=True))
