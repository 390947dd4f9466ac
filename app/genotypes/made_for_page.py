"""What a web page asks, from files as they are: its build and the REF of its genome first, PLINK last.

The steps are those of a dataset that is made ready (`repair`) and of `convert`; nothing is done here twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
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
    lost: dict[Dropped, int] = {}
    if way is not None or order.reference is not None:
        paths, lost = _set_right(paths, order, way, Path(work) / "right", report)
    if order.suffix == PLINK:
        made = _as_plink(paths, order, Path(folder), Path(work), report)
    else:
        made = made_to_order(paths, order, folder, report)
    if not any(lost.values()):
        return made
    before = {why: count for why, count in lost.items() if count}
    dropped = {**made.dropped, **{why: count + made.dropped.get(why, 0) for why, count in before.items()}}
    return made.model_copy(update={"sites_in": made.sites_in + sum(before.values()), "dropped": dropped})


def _set_right(
    paths: Sequence[str], order: Order, way: LiftWay | None, folder: Path, report: Report
) -> tuple[tuple[str, ...], dict[Dropped, int]]:
    """The files in the other build and with the alleles of the genome; how many sites are lost, by reason."""
    from app.domain.repair import RepairCode
    from app.genotypes.repair.errand import RepairErrand, repair_errand
    from app.genotypes.repair.target import RepairChoices

    by_genome = {
        RepairCode.RESTORE_REFERENCE,
        RepairCode.SWITCH,
        RepairCode.FLIP,
        RepairCode.FLIP_SWITCH,
        RepairCode.DROP_MISMATCH,
    }
    chosen = {RepairCode.LIFTOVER} if way is not None else set()
    folder.mkdir(parents=True)
    errand = RepairErrand(
        paths=tuple(paths),
        panel_build=way.there if way is not None else "",
        stated_build=way.stated if way is not None else order.build or "",
        chain=way.chain if way is not None else None,
        reference=order.reference,
        choices=RepairChoices(chosen=frozenset(chosen | by_genome if order.reference else chosen)),
        work=str(folder.parent),
    )
    parts = repair_errand(errand, str(folder), str(folder), report)
    applied = {each.code for part in parts for each in part.outcome.applied}
    refused = parts[0].outcome.refused
    if len(parts) != 1 or not chosen <= applied or refused:
        raise _not_set_right(way, refused)
    outcome = parts[0].outcome
    lost = outcome.ledger.sites_in - outcome.ledger.sites_out
    other = sum(each.lost_sites for each in outcome.applied if each.code is RepairCode.DROP_MISMATCH)
    found = {Dropped.OTHER_REFERENCE: other, Dropped.NOT_LIFTED: lost - other}
    return tuple(each.path for each in outcome.files), found


def _not_set_right(way: LiftWay | None, refused: str) -> ProblemError:
    why = refused or "the files are of several groups of people, or of another build"
    do = "Use “Make it ready” on the page of the dataset; it shows what stands in the way."
    if way is None:
        return problem(Kind.INPUT, "REF could not be made that of the reference genome", f"{why}.", do)
    what = f"From {way.here} to {way.there}: {why}."
    return problem(Kind.INPUT, "The files could not be lifted over", what, do)


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
