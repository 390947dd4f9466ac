"""Quality from info files of both generations, in any order of keys."""

from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import Kind, ProblemError
from app.domain.result import MafBin, Quality
from app.genotypes.bgzf import BgzfWriter
from app.operations.judge_result import verdict
from app.results.quality import BINS, bin_numbers, quality
from app.results.suspects import suspects

NEW = """##fileformat=VCFv4.2
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr20\t1\t.\tA\tC\t.\t.\tAF=0.9;MAF=0.1;AVG_CS=1;R2=0.9;ER2=0.5;TYPED;IMPUTED
chr20\t2\t.\tA\tC\t.\t.\tIMPUTED;R2=0.5;AF=0.15;AVG_CS=1
chr20\t3\t.\tA\tC\t.\t.\tTYPED;AF=0.3;MAF=0.3;R2=1
chr20\t4\t.\tA\tC\t.\t.\tAF=0.0001;MAF=0.0001;R2=0.1;IMPUTED
"""
OLD = """SNP\tREF(0)\tALT(1)\tALT_Frq\tMAF\tAvgCall\tRsq\tGenotyped\tLooRsq\tEmpR\tEmpRsq\tDose0\tDose1
21:1\tA\tC\t0.9\t0.1\t1\t0.9\tGenotyped\t0.9\t0.7\t0.7\t0.1\t0.9
21:2:A:C\tA\tC\t0.15\t0.15\t1\t0.5\tImputed\t-\t-\t-\t-\t-
21:3\tA\tC\t0.3\t0.3\t-\t-\tTyped_Only\t-\t-\t-\t-\t-
"""
BEAGLE = """##fileformat=VCFv4.2
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB
22\t1\t.\tA\tC\t.\t.\tDR2=1.00;AF=0.5\tGT:DS\t0|1:1\t1|0:1
22\t2\t.\tA\tC\t.\t.\tIMP;AF=0.15;DR2=0.40\tGT:DS\t0|1:1\t1|0:1
"""


def packed(path: Path, text: str) -> Path:
    with BgzfWriter(path) as out:
        out.write(text.encode())
    return path


def test_all_generations_in_one_folder(tmp_path: Path) -> None:
    packed(tmp_path / "chr20.info.gz", NEW)
    packed(tmp_path / "chr20.dose.vcf.gz", BEAGLE)  # its info file is read in its place
    (tmp_path / "chr21.info").write_text(OLD)
    packed(tmp_path / "chr22.dose.vcf.gz", BEAGLE)
    told = quality(tmp_path)
    assert told.samples == 2
    assert told.variants == 9
    by = {each.chromosome: (each.variants, each.typed, each.mean_r2) for each in told.by_chromosome}
    assert by == {
        "20": (4, 2, pytest.approx(0.5)),
        "21": (3, 2, pytest.approx(0.7)),
        "22": (2, 1, pytest.approx(0.7)),
    }
    assert told.mean_er2 == pytest.approx(0.6)


def test_bins(tmp_path: Path) -> None:
    told = quality(packed(tmp_path / "chr20.info.gz", NEW))
    assert [each.maf_from for each in told.by_maf] == list(BINS[:-1])
    assert told.samples == 0
    middle = next(each for each in told.by_maf if each.maf_from == 0.1)
    assert (middle.variants, middle.mean_r2) == (2, pytest.approx(0.7))
    assert (middle.share_r2_03, middle.share_r2_08) == (1.0, 0.5)
    top = told.by_maf[-1]
    assert (top.variants, top.mean_r2, top.share_r2_08) == (1, None, None)
    assert told.by_maf[0].share_r2_03 == 0.0


def test_ends_of_bins() -> None:
    numbers = bin_numbers(np.array([0.0, 0.0005, 0.0499, 0.05, 0.5, np.nan]))
    assert numbers.tolist() == [0, 1, 6, 7, 9, -1]


def test_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as caught:
        quality(tmp_path)
    assert caught.value.problem.kind is Kind.NOT_FOUND


@pytest.mark.parametrize("text", ["what is this\n", "SNP\tMAF\n20:1\t0.1\n"])
def test_what_is_no_info_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "chr1.info"
    path.write_text(text)
    with pytest.raises(ProblemError, match=r"chr1\.info"):
        quality(path)


def test_a_table_of_names_without_places_is_one_chromosome(tmp_path: Path) -> None:
    head, row = OLD.splitlines()[:2]
    lines = [row.replace("21:1\t", f"rs{number}:A\t") for number in range(30_000)]
    (tmp_path / "chr21.info").write_text("\n".join([head, *lines, row]) + "\n")
    told = quality(tmp_path).by_chromosome
    assert [(each.chromosome, each.variants) for each in told] == [("unknown", 30_000), ("21", 1)]


def test_names_beyond_any_number_of_chromosomes_are_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.results.quality.MOST_CHROMOSOMES", 2)
    head, row = OLD.splitlines()[:2]
    lines = [row.replace("21:1\t", f"{name}:1\t") for name in "zabbz"]
    (tmp_path / "a.info").write_text("\n".join([head, *lines]) + "\n")
    told = quality(tmp_path).by_chromosome
    assert [(each.chromosome, each.variants) for each in told] == [("z", 2), ("a", 1), ("unknown", 2)]


def test_suspects_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "chr21.info").write_text(OLD.replace("0.7\t0.7\t0.1", "0.3\t0.09\t0.1"))
    (found,) = suspects(tmp_path)
    assert (found.chrom, found.pos, found.ref, found.alt, found.er2) == ("21", 1, "A", "C", 0.09)


def test_variants_without_maf_are_counted_although_they_are_in_no_range(tmp_path: Path) -> None:
    rows = [f"22\t{at}\t.\tA\tC\t.\t.\tR2={r2}" for at, r2 in ((1, 0.9), (2, 0.5))]
    told = quality(packed(tmp_path / "a.info.gz", "\n".join([*NEW.splitlines()[:2], *rows, ""])))
    assert (told.variants, told.good, told.without_maf) == (2, 1, 2)
    assert sum(each.variants for each in told.by_maf) == 0
    assert "1 of 2 variants at R2 ≥ 0.8 (2 without MAF" in verdict((), told)


def test_records_of_earlier_versions_tell_good_ones_by_their_ranges() -> None:
    one = MafBin(maf_from=0.1, maf_to=0.2, variants=4, mean_r2=0.7, share_r2_03=1, share_r2_08=0.5, judged=2)
    assert Quality(samples=1, variants=4, by_maf=(one,)).good == 1


@pytest.mark.parametrize("name", ["chr20.dose.vcf.gz", "chr20.vcf.gz"])
def test_a_dose_file_of_any_name_is_not_counted_beside_its_info_file(name: str, tmp_path: Path) -> None:
    files = [packed(tmp_path / "chr20.info.gz", NEW), packed(tmp_path / name, BEAGLE)]
    told = quality(files)
    assert (told.variants, told.samples) == (4, 2)
    assert quality(files[1:]).variants == 2
