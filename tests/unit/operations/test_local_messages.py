"""What a job on this computer tells of its chromosomes."""

from app.imputation.aligning import Alignment
from app.imputation.chunks import Chunk
from app.imputation.contract import PhasingName
from app.imputation.memory import Cut
from app.imputation.panel_part import PanelPart
from app.imputation.part_run import PartPlan, PartResult
from app.operations.local_messages import part_lines


def told(part: str, never_het: int, typed: int = 400) -> str:
    panel = PanelPart(
        chromosome="X", part=part, contig="X", vcf="x", sites="s", haplotypes=9, count=9, first=1, last=9
    )
    chunk = Chunk(number=0, first=1, last=9, informed_first=1, informed_last=12)
    plan = PartPlan(
        cut=Cut(chunk_bp=9, overlap_bp=3, threads=1, temp_buffer=1, memory_mb=1),
        chunks=(chunk,),
        alignment=Alignment(samples=20, sites=typed, typed=typed, never_het=never_het, per_chunk=(typed,)),
        phasing=PhasingName.NONE,
    )
    lines = part_lines(panel, PartResult(plan=plan, results=()))
    return " ".join(text for kind, text in lines if kind == "warning")


def test_men_with_two_alleles_are_told_between_the_pseudoautosomal_parts_only() -> None:
    assert "9 people have two equal alleles at every site" in told("nonPAR", 9)
    assert "equal alleles" not in told("nonPAR", 0)
    assert "equal alleles" not in told("PAR1", 9)
    assert "equal alleles" not in told("nonPAR", 9, typed=20)
