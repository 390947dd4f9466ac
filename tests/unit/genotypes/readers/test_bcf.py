"""BCF is read as the VCF that it was made from, and as cyvcf2 reads it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.genotypes.cohort import HET, RowFlag, open_cohort
from app.genotypes.from_cohort import scan_of_cohort
from app.genotypes.readers.bcf import BcfReader
from app.genotypes.readers.contract import FormatError
from app.genotypes.rows import SiteFlag
from app.genotypes.scan import scan_file
from app.genotypes.sniff import look
from tests.helpers.cohorts import cohort_of_vcf
from tests.helpers.read_cohorts import assert_same, read, survive, tool
from tests.helpers.shared import shared_data

_HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=1,length=1000000>\n##contig=<ID=X>\n"
    '##FILTER=<ID=q10,Description="low">\n##INFO=<ID=AC,Number=1,Type=Integer,Description="c">\n'
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
)
_CELLS = ["0/0", "0/1", "1|0", "0|1", "1/1", "./.", ".", "0", "1", "2/1", "0/2", "./1", "2|2", "2"]


def bcf_of(folder: Path, rows: list[str], samples: int = 3) -> tuple[Path, Path]:
    """A VCF of these records and the BCF that bcftools makes of it."""
    vcf, bcf = folder / "x.vcf", folder / "x.bcf"
    vcf.write_text(_HEADER + "\t".join(f"S{i}" for i in range(samples)) + "\n" + "".join(rows))
    tool("bcftools", "view", "--no-version", "-Ob", "-o", bcf, vcf)
    return vcf, bcf


def same_calls(vcf: Path, bcf: Path, folder: Path) -> None:
    """Both cohorts are equal in genotypes, phase and ploidy."""
    wanted, found = cohort_of_vcf(vcf, folder / "wanted"), read(folder / "found", bcf, rows=7)
    assert_same(found, wanted)
    everything = slice(0, len(found))
    assert (found.haploid(everything) == wanted.haploid(everything)).all()
    bars = np.asarray(wanted.flags) & RowFlag.PHASED > 0
    hets = (wanted.genotypes(everything) == HET) & bars[:, None]
    assert (found.phase(everything)[hets] == wanted.phase(everything)[hets]).all()
    assert (np.asarray(found.flags) & RowFlag.PHASED <= np.asarray(wanted.flags) & RowFlag.PHASED).all()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_random_genotypes(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, rng = tmp_path_factory.mktemp("b"), np.random.default_rng(seed)
    samples = int(rng.integers(1, 6))
    rows = []
    for number in range(25):
        several = rng.random() < 0.4
        cells = rng.choice(_CELLS if several else _CELLS[:9], samples)
        alt = "C,GTT" if several else rng.choice(["C", "<DEL>", "AT"])
        fmt, extra = ("GT", "") if rng.random() < 0.7 else ("GT:DP", ":7")
        rows.append(
            "\t".join(["1", str(100 + number), f"rs{number}", "A", alt, ".", "PASS", "AC=1", fmt])
            + "".join(f"\t{cell}{extra}" for cell in cells)
            + "\n"
        )
    vcf, bcf = bcf_of(folder, rows, samples)
    same_calls(vcf, bcf, folder)
    scan, wanted = scan_of_cohort(read(folder / "scanned", bcf)), scan_file(vcf)
    odd = np.uint16(SiteFlag.HALF_CALL | SiteFlag.HAPLOID | SiteFlag.INDEL | SiteFlag.MULTIALLELIC)
    assert (scan.sites.flags & odd == wanted.sites.flags & odd).all()
    assert (scan.sites.alleles == wanted.sites.alleles).all()


def test_filters_order_of_fields_and_no_genotypes(tmp_path: Path) -> None:
    rows = [
        "1\t5\t.\tA\tC\t.\tq10\t.\tGT\t0/0\t0/1\t./.\n",
        "1\t6\t.\tA\tC\t.\tPASS\tAC=2\tDP:GT\t1:0/0\t2:0/1\t3:1/1\n",
        "X\t7\t.\ta\t.\t.\t.\t.\tDP\t1\t2\t3\n",
    ]
    _, bcf = bcf_of(tmp_path, rows)
    cohort = read(tmp_path / "c", bcf)
    flags = [SiteFlag(int(each) & 0xFFFF) for each in cohort.flags]
    assert SiteFlag.FILTERED in flags[0]
    assert SiteFlag.GT_NOT_FIRST in flags[1]
    assert SiteFlag.NO_GT in flags[2]
    assert cohort.genotypes(slice(0, 3)).tolist() == [[0, 1, 3], [0, 1, 2], [3, 3, 3]]
    assert cohort.names == ("1", "X")
    assert list(cohort.alts)[2] == "."


def test_alleles_beyond_a_byte(tmp_path: Path) -> None:
    alts = ",".join("C" * (2 + i) for i in range(90))
    vcf, bcf = bcf_of(tmp_path, [f"1\t5\tx\tA\t{alts}\t.\t.\t.\tGT\t0/90\t77|3\t./.\n"])
    same_calls(vcf, bcf, tmp_path)


def test_real_panel_equals_cyvcf2(tmp_path: Path) -> None:
    cyvcf2 = pytest.importorskip("cyvcf2")
    path = shared_data("impute_chr1_hapmap2_ceu", "panel.hapmap_r22.chr1.CEU.hg19.bcf")
    reader = BcfReader(path)
    batch = next(reader.batches(2000))
    assert batch.genotypes is not None
    assert reader.header.contigs["1"] is not None
    cohort = read(tmp_path / "c", shared_data("formats", "gsa48.bcf"))
    assert scan_of_cohort(cohort, reader.header).header.contigs == reader.header.contigs
    variants = cyvcf2.VCF(str(path), gts012=True)
    assert list(reader.samples) == variants.samples
    for row, variant in zip(range(len(batch)), variants, strict=False):
        assert (batch.position[row], batch.refs[row]) == (variant.POS, variant.REF)
        assert (batch.genotypes[row] == variant.gt_types).all()


@pytest.mark.parametrize(
    "name", ["multiallelic", "half_calls", "haploid_on_autosome", "mixed_phase", "symbolic_and_indels"]
)
def test_flags_are_those_of_the_text(tmp_path: Path, name: str) -> None:
    vcf = shared_data("broken", "made", f"{name}.vcf")
    tool("bcftools", "view", "-Ob", "-o", tmp_path / "x.bcf", vcf)
    scan_file(vcf, cohort=tmp_path / "text")
    wanted, found = open_cohort(tmp_path / "text"), read(tmp_path / "binary", tmp_path / "x.bcf")
    assert_same(found, wanted)
    everything = slice(0, len(found))
    assert np.asarray(found.flags).tolist() == np.asarray(wanted.flags).tolist()
    assert (found.phase(everything) == wanted.phase(everything)).all()
    assert (found.haploid(everything) == wanted.haploid(everything)).all()


def test_array_data_equal_their_vcf(tmp_path: Path) -> None:
    wanted = cohort_of_vcf(shared_data("impute_chr22_eur", "target.gsa_v3.vcf.gz"), tmp_path / "w")
    assert_same(read(tmp_path / "f", shared_data("formats", "gsa48.bcf")), wanted)


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    path = shared_data("broken", "made", "bcf_named.vcf.gz")
    assert look(path).readable
    assert not look(path).vcf
    assert len(read(tmp_path / "c", path)) > 0


def test_cut_file_is_refused(tmp_path: Path) -> None:
    raw = shared_data("formats", "gsa48.bcf").read_bytes()
    path = tmp_path / "cut.bcf"
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(FormatError) as caught:
        read(tmp_path / "c", path)
    assert caught.value.code == "container.truncated"


def test_hostile_bytes_raise_format_errors_only(tmp_path: Path) -> None:
    rows = [f"1\t{i + 1}\t.\tA\tC,G\t.\tPASS\tAC=1\tGT:DP\t0/0:3\t1|2:4\t.:5\n" for i in range(20)]
    vcf, bcf = bcf_of(tmp_path, rows)
    tool("bcftools", "view", "--no-version", "-Ou", "-o", bcf, vcf)
    assert survive(tmp_path, [bcf], bcf, range(250)) > 100
