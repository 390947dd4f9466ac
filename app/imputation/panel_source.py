"""The panel of a job of the built-in engine: a packed file, or one that is packed for the job from a VCF."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.genotypes.matrix import GenotypeMatrix, Region
from app.imputation.contract import ImputationRequest
from app.imputation.panel_format.reader import SUFFIX, Panel, is_packed_panel


@contextlib.contextmanager
def open_panel(request: ImputationRequest, folder: Path, report: Report = silent) -> Iterator[Panel | None]:
    """The panel of a request, for the time of the `with`; None where its VCF has no site in the range.

    A VCF is packed into `folder`. Raises ProblemError for a panel that cannot be used.
    """
    path = request.panel_packed
    if path is None and is_packed_panel(request.panel_vcf):
        path = request.panel_vcf
    if path is None:
        from app.imputation.panel_format.building import pack_vcf

        path = folder / f"panel{SUFFIX}"
        region = Region(request.chromosome, *request.informing)
        if not pack_vcf(request.panel_vcf, path, region, report).sites:
            yield None
            return
    with Panel.open(path) as panel:
        yield panel


def bad_panel(matrix: GenotypeMatrix, bad: NDArray[np.bool_]) -> ProblemError:
    """What to say of a panel with genotypes that cannot be used at some sites."""
    row = int(bad.argmax())
    place = f"{matrix.chromosomes[row]}:{matrix.positions[row]}"
    return problem(
        Kind.INPUT,
        "The panel cannot be used",
        f"At {place} it has genotypes that are missing, not phased or of an allele that ALT does not name.",
        "Use a phased panel without missing genotypes.",
    )


def mixed_ploidy(path: Path) -> ProblemError:
    """What to say of people with one allele at some sites and two at others."""
    return problem(
        Kind.INPUT,
        "People are haploid at some sites only",
        f"{path.name}: The file mixes haploid and diploid genotypes of one person.",
        "Split chromosome X at the ends of its pseudoautosomal parts and impute each part by itself.",
        subject=path.name,
    )
