"""What is said of rows that no panel may have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem

_WHOLE_PANEL = "Use a phased panel without missing genotypes; a phasing program makes one from this file."
_PARTS_OF_X = "Split chromosome X at the ends of its pseudoautosomal parts, or give its build to `add-local`."


def refused(source: Path, title: str, what: str, do: str = "Choose another file.") -> ProblemError:
    """What is said of a panel file."""
    return problem(Kind.INPUT, title, f"{source.name}: {what}", do, subject=source.name)


def bad_row(source: Path, line: bytes, ploidy: NDArray[np.uint8]) -> ProblemError:
    """What is said of a line whose genotypes cannot be used; `ploidy` is that of the people before."""
    columns = line.split(b"\t", 9)
    place = b":".join(columns[:2]).decode("utf-8", "replace")
    if len(columns) < 10 or columns[8].split(b":", 1)[0] != b"GT":
        return refused(source, "The panel has no genotypes", f"At {place} there is no GT in front.")
    words = [word.split(b":", 1)[0] for word in columns[9].split(b"\t")]
    missing = sum(b"." in word for word in words)
    if missing:
        what = f"At {place} {missing} of {len(words)} genotypes are missing."
        return refused(source, "The panel has missing genotypes", what, _WHOLE_PANEL)
    loose = sum(b"/" in word and len(set(word.split(b"/"))) > 1 for word in words)
    if loose:
        what = f"At {place} {loose} of {len(words)} genotypes are not phased."
        return refused(source, "The panel is not phased", what, _WHOLE_PANEL)
    if len(words) == len(ploidy) and (other := _other_ploidy(words, ploidy)):
        what = f"At {place} {other} of {len(words)} people have more or fewer alleles than before."
        return refused(source, "People are haploid at some sites only", what, _PARTS_OF_X)
    what = f"At {place} there are {len(words)} cells for {len(ploidy)} people, or odd ones."
    return refused(source, "The panel has genotypes that cannot be read", what)


def _other_ploidy(words: list[bytes], ploidy: NDArray[np.uint8]) -> int:
    alleles = [word.replace(b"/", b"|").count(b"|") + 1 for word in words]
    return sum(mine != before for mine, before in zip(alleles, ploidy.tolist(), strict=True))
