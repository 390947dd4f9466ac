"""The panel of a job of the built-in engine: a packed file, or one that is packed for the job from a VCF."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.matrix import ABSENT, GenotypeMatrix, Region, matrix_pieces
from app.imputation.built_in.stretch import BITS, PanelStretch
from app.imputation.contract import ImputationRequest
from app.imputation.panel_format.reader import SUFFIX, Panel, is_packed_panel
from app.imputation.panel_format.site_columns import Sites
from app.imputation.panel_format.writer import PanelWriter


@contextlib.contextmanager
def open_panel(request: ImputationRequest, folder: Path) -> Iterator[Panel | None]:
    """The panel of a request, for the time of the `with`; None where its VCF has no site in the range.

    A VCF is packed into `folder`. Raises ProblemError for a panel that cannot be used.
    """
    path = request.panel_packed
    if path is None and is_packed_panel(request.panel_vcf):
        path = request.panel_vcf
    if path is None:
        path = folder / f"panel{SUFFIX}"
        region = Region(request.chromosome, *request.informing)
        if not pack_region(request.panel_vcf, region, path):
            yield None
            return
    with Panel.open(path) as panel:
        yield panel


def pack_region(vcf: Path, region: Region, path: Path) -> bool:
    """Pack a part of a panel; False where it has no site there. A record has one ALT allele then.

    ProblemError for a panel that is not sorted, not phased, or has missing genotypes.
    """
    with contextlib.ExitStack() as stack:
        writer: PanelWriter | None = None
        ploidy, last = np.empty(0, dtype=np.uint8), 0
        for piece in matrix_pieces(vcf, region):
            mine = _ploidy(piece, vcf)
            if writer is None:
                ploidy = mine
                writer = stack.enter_context(PanelWriter(path, str(piece.chromosomes[0]), ploidy))
            if (mine != ploidy).any():
                raise mixed_ploidy(vcf)
            if int(piece.positions[0]) < last or (np.diff(piece.positions) < 0).any():
                raise _not_sorted(vcf)
            last = int(piece.positions[-1])
            writer.add(*_split(piece, ploidy))
    return writer is not None


def _ploidy(piece: GenotypeMatrix, vcf: Path) -> NDArray[np.uint8]:
    absent = piece.haplotypes == ABSENT
    if (absent.any(axis=0) & ~absent.all(axis=0)).any():
        raise mixed_ploidy(vcf)
    return np.where(absent[0, 1::2], 1, 2).astype(np.uint8)


def _split(piece: GenotypeMatrix, ploidy: NDArray[np.uint8]) -> tuple[Sites, NDArray[np.uint8]]:
    """A record for each ALT allele, in the order in which they are named."""
    present = np.ones(2 * len(ploidy), dtype=bool)
    present[1::2] = ploidy == 2
    alleles = piece.haplotypes[:, present]
    named = np.array([alt.count(",") + 1 for alt in piece.alts.tolist()], dtype=np.int64)
    bad = (alleles < 0).any(axis=1) | (alleles.max(axis=1, initial=0) > named) | ~piece.phased
    if bad.any():
        raise bad_panel(piece, bad)
    rows = np.repeat(np.arange(len(piece)), named)
    numbers = np.concatenate([np.arange(1, each + 1) for each in named.tolist()])
    alts = np.empty(len(rows), dtype=object)
    alts[:] = [alt for each in piece.alts.tolist() for alt in each.split(",")]
    sites = Sites(piece.positions[rows], piece.ids[rows], piece.refs[rows], alts)
    return sites, (alleles[rows] == numbers[:, None]).astype(np.uint8)


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


def _not_sorted(path: Path) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The panel is not sorted",
        f"{path.name} has positions out of order.",
        "Sort it by position.",
        subject=path.name,
    )


def joined_stretches(pieces: Sequence[PanelStretch]) -> PanelStretch:
    """One stretch behind another, with the carriers and bits of their own sites only; at least one."""
    made = [_own(each) for each in pieces]
    carriers = np.cumsum([0, *(len(each.carriers) for each in made)])
    bits = np.cumsum([0, *(len(each.bits) for each in made)])
    starts = [
        each.start + np.where(each.form == BITS, bits[number], carriers[number])
        for number, each in enumerate(made)
    ]

    def all_of(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(each, name) for each in made])

    return PanelStretch(
        size=pieces[0].size,
        positions=all_of("positions"),
        ids=all_of("ids"),
        refs=all_of("refs"),
        alts=all_of("alts"),
        form=all_of("form"),
        start=np.concatenate(starts),
        count=all_of("count"),
        carriers=all_of("carriers"),
        bits=all_of("bits"),
    )


def _own(stretch: PanelStretch) -> PanelStretch:
    """The same with no carriers and bits of other sites."""
    bits = stretch.form == BITS
    counts = np.where(bits, 0, stretch.count)
    ends = np.cumsum(counts)
    places = np.where(bits, np.cumsum(bits) - 1, ends - counts)
    sizes = int(counts.sum()), int(bits.sum())
    if sizes == (len(stretch.carriers), len(stretch.bits)) and (stretch.start == places).all():
        return stretch
    which = np.repeat(stretch.start - (ends - counts), counts) + np.arange(int(counts.sum()))
    return replace(
        stretch, start=places, carriers=stretch.carriers[which], bits=stretch.bits[stretch.start[bits]]
    )
