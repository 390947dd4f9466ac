"""The cohort that the scan writes, against cyvcf2 on real files, and by hand where cyvcf2 has no word."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.cohort import Cohort, RowFlag, open_cohort
from app.genotypes.rows import SiteFlag
from app.genotypes.scan import quick_scan, scan_file
from tests.helpers.shared import shared_data
from tests.unit.genotypes.vcf_text import good, names, record, vcf

REAL = [
    ("formats", "chrX_PAR1_nonPAR_slice.26.vcf.gz"),
    ("formats", "beagle_test.GT_DS_GL.191.vcf.gz"),
    ("impute_chr22_eur", "messy/target.messy.vcf.gz"),
    pytest.param(("impute_chr1_hapmap2_ceu", "target.humanhap550.chr1.vcf.gz"), marks=pytest.mark.slow),
    ("broken", "imputationserver/chrX_ploidy.vcf.gz"),
]


def cohort_of(tmp_path: Path, rows: list[str], samples: int, kernel: bool | None = None) -> Cohort:
    path = tmp_path / "a.vcf"
    path.write_bytes(vcf(rows, names(samples)))
    scan_file(path, cohort=tmp_path / "cohort", kernel=kernel)
    return open_cohort(tmp_path / "cohort")


def expected_rows(path: Path) -> list[tuple[Any, ...]]:
    """Chromosome, position, id, REF, ALT, codes, turned, haploid of each row, by cyvcf2."""
    cyvcf2 = pytest.importorskip("cyvcf2")
    rows = []
    for variant in cyvcf2.VCF(str(path)):
        calls = variant.genotypes
        phased = all(call[-1] or len(call) == 2 for call in calls if max(call[:-1]) >= 0)
        for number, alt in enumerate(variant.ALT or ["."], 1):
            codes, turned, haploid = [], [], []
            for *alleles, _ in calls:
                whole = min(alleles) >= 0 and len(alleles) <= 2
                copies = sum(each == number for each in alleles)
                code = (2 if copies == len(alleles) else 1 if copies else 0) if whole else 3
                codes.append(code)
                turned.append(phased and whole and code == 1 and alleles[0] == number)
                haploid.append(len(alleles) == 1 and whole)
            site = (variant.CHROM, variant.POS, variant.ID or ".", variant.REF, alt)
            rows.append((*site, codes, turned, haploid))
    return rows


def beginning_of(path: Path, cut: Path) -> Path:
    """A BGZF file of the first megabyte of text of a long one, which takes cyvcf2 long; else itself."""
    if path.stat().st_size < 1 << 20:
        return path
    with gzip.open(path) as text, BgzfWriter(cut) as out:
        whole = text.read(1 << 20)
        out.write(whole[: whole.rindex(b"\n") + 1])
    return cut


@pytest.mark.parametrize("kernel", [None, False])
@pytest.mark.parametrize("where", REAL)
def test_real_files_as_cyvcf2_reads_them(tmp_path: Path, where: tuple[str, str], kernel: bool | None) -> None:
    path = beginning_of(shared_data(*where), tmp_path / "beginning.vcf.gz")
    scan = scan_file(path, cohort=tmp_path / "cohort", kernel=kernel)
    cohort = open_cohort(tmp_path / "cohort")
    expected = expected_rows(path)
    whole = slice(0, len(cohort))
    assert scan.error is None
    assert len(cohort) == len(expected)
    found = zip(
        (cohort.names[k] for k in cohort.chromosome),
        cohort.position.tolist(),
        cohort.ids,
        cohort.refs,
        cohort.alts,
        cohort.genotypes(whole).tolist(),
        cohort.phase(whole).tolist(),
        cohort.haploid(whole).tolist(),
        strict=True,
    )
    for mine, theirs in zip(found, expected, strict=True):
        assert mine[:5] == theirs[:5]
        assert mine[5:] == theirs[5:], mine[:5]
    codes = cohort.genotypes(whole)
    assert cohort.counts.tolist() == [np.bincount(row, minlength=4).tolist() for row in codes]


@pytest.mark.parametrize("kernel", [None, False])
def test_a_record_with_several_alt_alleles_becomes_several_rows(tmp_path: Path, kernel: bool | None) -> None:
    cells = ["0/0", "0/1", "1/2", "2|0", "2", "./1", "3/0", "."]
    rows = [record(5, ["0|1"] * 8), record(10, cells, alt="G,T"), record(20, ["1|0"] * 8)]
    cohort = cohort_of(tmp_path, rows, 8, kernel)
    assert list(cohort.alts) == ["G", "G", "T", "G"]
    assert list(cohort.ids) == ["v5", "v10", "v10", "v20"]
    assert cohort.record.tolist() == [0, 1, 1, 2]
    assert cohort.records == 3
    split = (cohort.flags & np.uint32(RowFlag.SPLIT) > 0).tolist()
    assert split == [False, True, True, False]
    assert cohort.genotypes(slice(1, 3)).tolist() == [[0, 1, 1, 0, 0, 3, 3, 3], [0, 0, 1, 1, 2, 3, 3, 3]]
    assert cohort.haploid(slice(1, 3)).tolist() == [[k == 4 for k in range(8)]] * 2
    assert cohort.phase(slice(0, 4)).tolist() == [[False] * 8] * 3 + [[True] * 8]
    assert cohort.counts[1].tolist() == [3, 2, 0, 3]


def test_phase_of_alleles_of_one_record(tmp_path: Path) -> None:
    cohort = cohort_of(tmp_path, [record(10, ["1|2", "2|1", "0|2", "2|2", "1|."], alt="G,T")], 5)
    assert (cohort.flags & np.uint32(RowFlag.PHASED) > 0).all()
    assert cohort.genotypes(slice(0, 2)).tolist() == [[1, 1, 0, 0, 3], [1, 1, 1, 2, 3]]
    assert cohort.phase(slice(0, 2)).tolist() == [
        [True, False, False, False, False],
        [False, True, False, False, False],
    ]


def test_missing_alleles_and_records_that_cannot_be_kept(tmp_path: Path) -> None:
    many = ",".join(["C"] * 300)
    rows = [record(1, ["0/0"], alt="."), record(2, ["0/0"], alt=many), "20\tx\t.\tA\tG\t.\t.\t.\tGT\t0/0\n"]
    cohort = cohort_of(tmp_path, rows, 1)
    assert (len(cohort), cohort.records) == (1, 3)
    assert cohort.flags[0] & np.uint32(RowFlag.NO_ALLELES)
    assert cohort.flags[0] & np.uint32(SiteFlag.SYMBOLIC)


def test_records_of_many_alleles_and_many_samples_are_left_out(tmp_path: Path) -> None:
    calls = ["0/1"] * 2000
    rows = [record(place, calls, alt=",".join(["C"] * alts)) for place, alts in ((1, 10), (2, 100), (3, 101))]
    cohort = cohort_of(tmp_path, rows, 2000)
    assert (np.bincount(cohort.position).tolist(), cohort.records) == ([0, 10, 100], 3)


def test_a_list_of_sites_is_a_cohort_without_samples(tmp_path: Path) -> None:
    rows = [f"20\t{n}\t.\tA\tG,T\t.\tPASS\tAC=1\n" for n in range(1, 4)]
    path = tmp_path / "a.vcf"
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path.write_text(head + "".join(rows))
    scan = scan_file(path, cohort=tmp_path / "cohort")
    cohort = open_cohort(tmp_path / "cohort")
    assert (len(scan.sites), len(cohort), cohort.samples) == (3, 6, ())
    assert list(cohort.alts) == ["G", "T"] * 3


def test_no_cohort_of_a_file_without_records_or_that_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(vcf([], names(2)))
    scan_file(path, cohort=tmp_path / "cohort")
    assert not (tmp_path / "cohort").exists()


def test_the_beginning_of_a_large_file_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(good(50, 40_000))
    first = quick_scan(path, 1 << 20)
    assert first.partial
    assert 1000 < len(first.sites) < 20_000
    assert first.samples == 50
    small = tmp_path / "b.vcf"
    small.write_bytes(good(5, 40))
    assert not quick_scan(small).partial
    assert len(quick_scan(small).sites) == 40
