"""What a web page asks, from files as they are: lifted over first where it wants another build, PLINK last.

The steps are those of a dataset that is made ready (`repair`) and of `convert`; nothing is done here twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.problem import Kind, problem
from app.domain.progress import Report, silent
from app.genotypes.made_to_order import made_to_order
from app.genotypes.order import PLINK, Dropped, Made, MadeFile, Order


@dataclass(frozen=True)
class LiftWay:
    """From the build of the files to the one that is wanted; `stated` is what the person says of them."""

    here: str
    there: str
    chain: str
    stated: str = ""


def made_for_page(
    paths: Sequence[str],
    order: Order,
    folder: str,
    work: str,
    way: LiftWay | None = None,
    report: Report = silent,
) -> Made:
    """Write the files of an order into an empty folder; `work` takes what is needed meanwhile.

    Raises ProblemError.
    """
    lost = 0
    if way is not None:
        paths, lost = _lifted(paths, way, Path(work) / "lifted", report)
    if order.suffix == PLINK:
        made = _as_plink(paths, order, Path(folder), Path(work), report)
    else:
        made = made_to_order(paths, order, folder, report)
    if not lost:
        return made
    dropped = {Dropped.NOT_LIFTED: lost, **made.dropped}
    return made.model_copy(update={"sites_in": made.sites_in + lost, "dropped": dropped})


def _lifted(paths: Sequence[str], way: LiftWay, folder: Path, report: Report) -> tuple[tuple[str, ...], int]:
    """The files in the other build, and how many sites have no place there."""
    from app.domain.repair import RepairCode
    from app.genotypes.repair.errand import RepairErrand, repair_errand
    from app.genotypes.repair.target import RepairChoices

    folder.mkdir(parents=True)
    errand = RepairErrand(
        paths=tuple(paths),
        panel_build=way.there,
        stated_build=way.stated,
        chain=way.chain,
        choices=RepairChoices(chosen=frozenset({RepairCode.LIFTOVER})),
        work=str(folder.parent),
    )
    parts = repair_errand(errand, str(folder), str(folder), report)
    done = len(parts) == 1 and any(each.code is RepairCode.LIFTOVER for each in parts[0].outcome.applied)
    if not done:
        why = parts[0].outcome.refused or "the files are of several groups of people, or of another build"
        raise problem(
            Kind.INPUT,
            "The files could not be lifted over",
            f"From {way.here} to {way.there}: {why}.",
            "Use “Make it ready” on the page of the dataset; it shows what stands in the way.",
        )
    outcome = parts[0].outcome
    return tuple(each.path for each in outcome.files), outcome.ledger.sites_in - outcome.ledger.sites_out


def _as_plink(paths: Sequence[str], order: Order, folder: Path, work: Path, report: Report) -> Made:
    """By way of VCFs, so that everything that an order can say holds for PLINK too."""
    from app.genotypes.convert import convert

    vcfs = work / "vcf"
    vcfs.mkdir(parents=True)
    plain = order.model_copy(update={"suffix": ".vcf.gz", "two_alleles": True})
    made = made_to_order(paths, plain, str(vcfs), report)
    files: list[MadeFile] = []
    for each in made.files:
        target = folder / (each.name.removesuffix(".vcf.gz") + PLINK)
        converted = convert(vcfs / each.name, target, report)
        if (converted.sites, converted.samples) != (each.sites, made.samples):
            raise problem(
                Kind.BUG,
                "The files for the page are not what was counted",
                f"{target.name} has {converted.sites:,} sites of {converted.samples:,} people.",
                "Nothing was kept. Report it to the makers of the program.",
            )
        for path in sorted(converted.files):
            sites = each.sites if path.suffix == PLINK else 0
            size = path.stat().st_size
            files.append(MadeFile(name=path.name, size=size, sites=sites, chromosomes=each.chromosomes))
    return made.model_copy(update={"files": tuple(files)})
