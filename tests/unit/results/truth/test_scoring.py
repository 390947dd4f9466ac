"""A result against a truth: alleles, people, reasons, groups and errors, by numbers counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from app.domain.accuracy import AncestrySource, MissedWhy, TruthScore
from app.domain.problem import ProblemError
from app.genotypes.people.ancestry import LABELS
from app.genotypes.writers.whole_vcf import write_vcf
from app.results.truth.people import read_groups, read_names
from app.results.truth.scoring import TruthRequest, score, score_in_blocks
from tests.unit.genotypes.people.test_ancestry import drawn

HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
PEOPLE = ("A", "B", "C", "D")


def vcf(path: Path, rows: list[str], people: tuple[str, ...] = PEOPLE, form: str = "GT") -> Path:
    lines = []
    for row in rows:
        place, cells = row.split(" : ")
        chromosome, position, ref, alt, *info = place.split()
        fields = [chromosome, position, ".", ref, alt, ".", ".", info[0] if info else ".", form]
        lines.append("\t".join([*fields, *cells.split()]))
    path.write_text(HEAD + "\t".join(people) + "\n" + "".join(line + "\n" for line in lines))
    return path


def dose(path: Path, rows: list[str], people: tuple[str, ...] = PEOPLE) -> Path:
    return vcf(path, rows, people, "DS")


def against(tmp_path: Path, known: list[str], result: list[str], **more: object) -> TruthScore:
    request = {
        "name": "it",
        "dose": (dose(tmp_path / "chr1.dose.vcf", result),),
        "truth": (vcf(tmp_path / "truth.vcf", known),),
    }
    return score(TruthRequest(**{**request, **more}))  # type: ignore[arg-type]


def test_alleles_exchanged_and_of_the_other_strand_are_matched_and_told(tmp_path: Path) -> None:
    truth = [
        "1 10 A C : 0|0 0|1 1|1 0|0",
        "1 20 A C : 0|0 0|1 1|1 0|0",
        "1 30 A C : 0|0 0|1 1|1 0|0",
        "1 40 A C : 0|0 0|1 1|1 0|0",
        "1 50 AT A : 0|0 0|1 1|1 0|0",
    ]
    result = [
        "chr1 10 A C : 0 1 2 0",
        "chr1 20 C A : 2 1 0 2",
        "chr1 30 T G : 0 1 2 0",
        "chr1 40 G T : 2 1 0 2",
        "chr1 50 A AT : 2 1 0 2",
    ]
    told = against(tmp_path, truth, result)
    assert told.sites == 5
    assert {each.reason: each.sites for each in told.matched} == {
        "same": 1,
        "REF and ALT exchanged": 2,
        "other strand": 1,
        "exchanged and other strand": 1,
    }
    assert told.by_maf[-1].r2 == pytest.approx(1)
    assert told.by_maf[-1].nonref_discordance == pytest.approx(0)
    assert told.missed == ()
    assert len(told.notes) == 3


def test_every_site_that_is_not_compared_has_a_reason(tmp_path: Path) -> None:
    truth = [
        "1 10 A C : 0|0 0|1 1|1 0|0",
        "1 20 A G : 0|0 0|1 1|1 0|0",
        "1 30 A T : 0|0 0|1 1|1 0|0",
        "1 40 A C : .|. .|. .|. .|.",
        "1 50 A . : 0|0 0|0 0|0 0|0",
        "1 60 A C : 0|0 0|1 1|1 0|0",
        "1 70 A C : 0|0 0|1 1|1 0|0",
        "1 70 A C : 0|0 0|1 1|1 0|0",
        "1 80 A T : 0|0 0|1 1|1 0|0",
        "2 10 A C : 0|0 0|1 1|1 0|0",
    ]
    result = [
        "1 10 A C TYPED : 0 1 2 0",
        "1 20 A C IMPUTED : 0 1 2 0",
        "1 30 T A IMPUTED : 0 1 2 0",
        "1 40 A C IMPUTED : 0 1 2 0",
        "1 50 A C IMPUTED : 0 1 2 0",
        "1 70 A C IMPUTED : 0 1 2 0",
        "1 80 A T IMPUTED : 0 1 2 0",
    ]
    told = against(tmp_path, truth, result)
    assert told.sites == 2  # one of the two at 70, and A/T as it is written
    assert {each.reason: each.sites for each in told.missed} == {
        str(why): 1
        for why in (
            MissedWhy.TYPED,
            MissedWhy.NOT_IN_RESULT,
            MissedWhy.CHROMOSOME,
            MissedWhy.ALLELES,
            MissedWhy.PALINDROMIC,
            MissedWhy.NO_ALLELES,
            MissedWhy.NOT_CALLED,
            MissedWhy.TWICE,
        )
    }
    assert told.missed_by(MissedWhy.TYPED) == 1
    assert told.by_maf[-1].missing == 2  # not there, and with other alleles
    everything = against(tmp_path, truth, result, all_chromosomes=True)
    assert everything.by_maf[-1].missing == 3


def test_people_by_a_table_of_names_and_groups(tmp_path: Path) -> None:
    truth = ["1 10 A C : 0|0 0|1 1|1 0|0", "1 20 A C : 0|1 0|0 0|1 0|1"]
    result = dose(
        tmp_path / "x.dose.vcf",
        ["1 10 A C : 0 1 2 9".replace("9", "1"), "1 20 A C : 1 0 1 0"],
        ("p", "q", "C", "Z"),
    )
    names = tmp_path / "names.tsv"
    names.write_text("result\ttruth\np\tA\nq\tB\n")
    groups = tmp_path / "groups.csv"
    groups.write_text("sample,superpopulation\nA,EUR\nB,EUR\nC,AFR\nD,AFR\n")
    told = against(tmp_path, truth, [], dose=(result,), names=read_names(names), ancestry=read_groups(groups))
    assert (told.people, told.only_in_result, told.only_in_truth) == (3, 1, 1)
    assert told.ancestry_source is AncestrySource.TABLE
    assert [(each.label, each.people) for each in told.by_ancestry] == [("AFR", 1), ("EUR", 2)]
    europe = told.by_ancestry[1]
    assert europe.whole.sites == 2
    assert europe.whole.r2 == pytest.approx(1)
    assert told.whole.r2 == pytest.approx(1)


def test_tables_that_are_none(tmp_path: Path) -> None:
    table = tmp_path / "people.txt"
    table.write_text("who where\nA EUR\n")
    with pytest.raises(ProblemError, match="table of people"):
        read_groups(table)
    table.write_text("who\nA\n")
    with pytest.raises(ProblemError, match="table of people"):
        read_names(table)
    with pytest.raises(ProblemError, match="table of people"):
        read_groups(tmp_path / "nowhere.txt")


def test_a_truth_that_cannot_be_read(tmp_path: Path) -> None:
    result = ["1 10 A C : 0 1 2 0"]
    broken = tmp_path / "broken.vcf"
    broken.write_text("nothing of the kind\n")
    with pytest.raises(ProblemError, match="truth cannot be read"):
        against(tmp_path, ["1 10 A C : 0|0 0|1 1|1 0|0"], result, truth=(broken,))
    with pytest.raises(ProblemError, match="nobody in common"):
        against(
            tmp_path,
            [],
            result,
            truth=(vcf(tmp_path / "others.vcf", ["1 10 A C : 0|1 0|0"], ("X", "Y")),),
        )


def test_figures_equal_numpy_and_errors_come_from_stretches(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    people = tuple(f"S{n}" for n in range(30))
    counts = rng.binomial(2, 0.3, (60, 30))
    doses = np.clip(counts + rng.normal(0, 0.4, counts.shape), 0, 2).round(3)
    cells = ("0|0", "0|1", "1|1")
    truth = vcf(
        tmp_path / "t.vcf",
        [f"1 {(n + 1) * 600_000} A C : {' '.join(cells[c] for c in row)}" for n, row in enumerate(counts)],
        people,
    )
    result = dose(
        tmp_path / "r.dose.vcf",
        [f"1 {(n + 1) * 600_000} A C : {' '.join(map(str, row))}" for n, row in enumerate(doses)],
        people,
    )
    made = score_in_blocks(TruthRequest("it", (result,), (truth,)))
    told = made.score
    assert told.sites == 60
    assert told.whole.r2 == pytest.approx(np.corrcoef(doses.ravel(), counts.ravel())[0, 1] ** 2, abs=1e-6)
    called = np.rint(doses)
    carried = (called > 0) | (counts > 0)
    assert told.whole.nonref_concordance == pytest.approx((called == counts)[carried].mean())
    assert told.whole.r2_error is not None
    assert 0.001 < told.whole.r2_error < 0.05
    assert len(made.blocks) == 60
    again = score_in_blocks(TruthRequest("it", (result,), (truth,))).score
    assert again.whole == told.whole


def test_haploid_calls_count_one_allele(tmp_path: Path) -> None:
    told = against(
        tmp_path,
        ["X 10 A C : 0 1 0|1 0|0", "X 20 A C : 0 1 0|1 1|1"],
        ["X 10 A C : 0 1 1 0", "X 20 C A : 1 0 1 0"],
    )
    assert told.whole.r2 == pytest.approx(1)
    assert told.by_maf[-1].sites == 2  # 2 of 6, 4 of 6


def test_groups_by_projection(tmp_path: Path) -> None:
    people = drawn(tmp_path / "c", "GRCh37", 2000, people=2)
    truth = write_vcf(people, tmp_path / "truth.vcf.gz")
    row = int(np.flatnonzero(~np.asarray(people.counts)[:, 1:].any(axis=1) == 0)[0])
    place = f"{people.names[int(people.chromosome[row])]} {int(people.position[row])}"
    calls = " ".join(map(str, people.genotypes(slice(row, row + 1))[0].tolist()))
    result = dose(
        tmp_path / "r.dose.vcf", [f"{place} {people.refs[row]} {people.alts[row]} : {calls}"], people.samples
    )
    told = score(TruthRequest("it", (result,), (truth,)))
    assert told.ancestry_source is AncestrySource.PROJECTION
    assert {each.label: each.people for each in told.by_ancestry} == dict.fromkeys(LABELS, 2)
    without = score(TruthRequest("it", (result,), (truth,), project=False))
    assert without.ancestry_source is AncestrySource.NONE
    assert without.by_ancestry == ()
