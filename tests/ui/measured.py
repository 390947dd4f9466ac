"""A small result that was really measured, for the pages that show it."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from app.domain.ledger import FileBook, LedgerRow, Loss, Remark, ResultLedger, SampleBook, Stage
from app.results.figures.measuring import Measured, measure
from tests.ui.samples import NOW

PEOPLE = 24
_HEAD = (
    "##fileformat=VCFv4.2",
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">',
    '##FORMAT=<ID=HDS,Number=2,Type=Float,Description="x">',
    '##FORMAT=<ID=LDS,Number=2,Type=Float,Description="x">',
)


@cache
def measured() -> Measured:
    """Two chromosomes, 400 sites each, every tenth typed; one typed site is suspect."""
    with tempfile.TemporaryDirectory() as folder:
        for chromosome in ("20", "22"):
            _write(Path(folder), chromosome)
        return measure(Path(folder))


def _write(folder: Path, chromosome: str) -> None:
    random = np.random.default_rng(int(chromosome))
    names = "\t".join(f"P{n}" for n in range(PEOPLE))
    columns = f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}"
    doses, typed = [*_HEAD, columns], [*_HEAD, columns]
    for number in range(400):
        af = 0.15 if number == 100 else float(random.choice([0.0004, 0.003, 0.02, 0.15, 0.4]))
        r2 = float(np.clip(random.normal(0.3 + af, 0.2) + 0.3, 0, 1))
        is_typed = number % 10 == 0
        info = f"AF={af};MAF={af};R2={0.97 if is_typed else r2:.4f}"
        info += f";ER2={0.05 if number == 100 else 0.95};TYPED;IMPUTED" if is_typed else ";IMPUTED"
        start = f"{chromosome}\t{1_000_000 + 20_000 * number}\t.\tA\tC\t.\tPASS\t{info}"
        calls = (random.random((PEOPLE, 2)) < max(af, 0.05)).astype(int)
        hds = np.clip(calls + random.normal(0, 0.05, calls.shape), 0, 1)
        cells = (f"{a}|{b}:{x:.3f},{y:.3f}" for (a, b), (x, y) in zip(calls, hds, strict=True))
        doses.append("\t".join((start, "GT:HDS", *cells)))
        if is_typed:
            cells = (f"{a}|{b}:{x:.3f},{y:.3f}" for (a, b), (x, y) in zip(calls, hds, strict=True))
            typed.append("\t".join((start, "GT:LDS", *cells)))
    (folder / f"chr{chromosome}.dose.vcf").write_text("\n".join(doses) + "\n")
    (folder / f"chr{chromosome}.empiricalDose.vcf").write_text("\n".join(typed) + "\n")


def ledger(result_id: str = "result-1") -> ResultLedger:
    """Books with a loss that is explained and one that nobody explains."""
    row = LedgerRow(
        chromosome="20",
        sent=1340,
        accepted=1334,
        typed=1334,
        imputed=20600,
        downloaded=20590,
        losses=(
            Loss(stage=Stage.ACCEPTED, reason="Monomorphic", count=6, source="snps-excluded.txt"),
            Loss(stage=Stage.DOWNLOADED, reason="Not in the files", count=10, explained=False),
        ),
    )
    return ResultLedger(
        result_id=result_id,
        made=NOW,
        samples=SampleBook(sent=48, found=48, order_kept=True),
        chromosomes=(row,),
        chunks=(row.model_copy(update={"start": 1, "end": 20_000_000}),),
        files=(
            FileBook(path="chr20.dose.vcf.gz", kind="dose", records=20590, index="chr20.dose.vcf.gz.csi"),
        ),
        remarks=(Remark(text="Ten records are not here."),),
    )
