"""What a benchmark does in a process of its own: score an arrived result, and rank those that were scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.accuracy import TruthScore
from app.domain.progress import Report, silent
from app.results.figures.bins import MAF_COUNT
from app.results.masking.ranking import Blocks, HiddenResult, Ranked, rank
from app.results.masking.untyped import Listed, Own, Part, Sites, Untyped, whole_lists
from app.results.merging.files import result_files
from app.results.truth.people import read_groups
from app.results.truth.scoring import TruthRequest, score_in_blocks
from app.results.truth.sums import BLOCK_SUMS, Floats

WINDOW = 100_000
"""Base pairs of a stretch: hidden sites so far apart hardly share an error."""


@dataclass(frozen=True)
class HiddenErrand:
    """Score the result in `folder` at hidden sites; the sums of each stretch are kept in `sums`.

    `people` is a table with the group of each person; `chain` leads from the build of the result to that of
    the hidden sites, where they differ.
    """

    folder: str
    name: str
    truth: tuple[str, ...]
    sums: str
    people: str | None = None
    chain: str | None = None


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
        chain=Path(errand.chain) if errand.chain is not None else None,
    )
    untyped = Untyped(WINDOW)
    made = score_in_blocks(request, report, untyped)
    untyped.weigh()
    keep_sums(Path(errand.sums), HiddenResult(made.blocks, untyped.tables, whole_lists(untyped)))
    return made.score


def rank_scored(sums: Sequence[str], report: Report = silent) -> Ranked:
    """Rank results by the sums that were kept of each."""
    return rank([kept_sums(Path(each)) for each in sums], WINDOW)


def keep_sums(path: Path, result: HiddenResult) -> None:
    """Write what is kept of a result; the file has its name when it is whole."""
    part = path.with_name(path.name + ".part")
    names = list(result.sites.lists)
    lists = {
        f"{what}{number}": getattr(result.sites.lists[name], what)
        for number, name in enumerate(names)
        for what in ("position", "alleles", "place")
    }
    arrays: dict[str, Any] = {
        **_packed("hidden", result.hidden, (MAF_COUNT, BLOCK_SUMS)),
        **_packed("own", result.own, (len(Part), MAF_COUNT, len(Own))),
        **lists,
        "names": np.array(names, np.str_),
        "halvings": np.array(result.sites.halvings),
    }
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
    part.replace(path)


def _packed(name: str, blocks: Blocks, shape: tuple[int, ...]) -> dict[str, NDArray[np.generic]]:
    keys = sorted(blocks)
    return {
        f"{name}_chromosomes": np.array([key[0] for key in keys], np.str_),
        f"{name}_windows": np.array([key[1] for key in keys], np.int64),
        f"{name}_tables": np.stack([blocks[key] for key in keys]) if keys else np.zeros((0, *shape)),
    }


def kept_sums(path: Path) -> HiddenResult:
    """What `keep_sums` wrote. OSError when it is not there."""
    with np.load(path, allow_pickle=False) as kept:
        if "names" not in kept:  # of a version that kept the hidden sites only
            return HiddenResult(_unpacked("", kept))
        lists = {
            str(name): Listed(kept[f"position{n}"], kept[f"alleles{n}"], kept[f"place{n}"])
            for n, name in enumerate(kept["names"].tolist())
        }
        return HiddenResult(
            _unpacked("hidden", kept), _unpacked("own", kept), Sites(lists, int(kept["halvings"]))
        )


def _unpacked(name: str, kept: Mapping[str, NDArray[np.generic]]) -> dict[tuple[str, int], Floats]:
    chromosomes, windows, tables = (
        kept[f"{name}_{what}" if name else what] for what in ("chromosomes", "windows", "tables")
    )
    keys = zip(chromosomes.tolist(), windows.tolist(), strict=True)
    return dict(zip(keys, np.asarray(tables, np.float64), strict=True))
