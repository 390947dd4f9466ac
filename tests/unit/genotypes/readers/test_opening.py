"""Which files belong together, what each file is, and what is said of those that cannot be read."""

import shutil
from pathlib import Path

import pytest
import zstandard

from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.file_sets import file_set
from app.genotypes.readers.opening import open_reader
from app.genotypes.sniff import look
from tests.helpers.shared import shared_data

_SETS = {
    "gsa48.bcf": ("bcf", ["gsa48.bcf"]),
    "gsa48.gen.gz": ("gen", ["gsa48.gen.gz", "gsa48.gen.sample"]),
    "gsa48.gen.sample": ("sample", ["gsa48.gen.gz", "gsa48.gen.sample"]),
    "gsa48.phased.sample": ("sample", ["gsa48.phased.haps.gz", "gsa48.phased.sample"]),
    "gsa48.map": ("map", ["gsa48.ped.gz", "gsa48.map"]),
    "gsa48.ped.gz": ("ped", ["gsa48.ped.gz", "gsa48.map"]),
    "gsa48.tfam": ("tfam", ["gsa48.tped.gz", "gsa48.tfam"]),
    "gsa48.tped.gz": ("tped", ["gsa48.tped.gz", "gsa48.tfam"]),
    "gsa48.pgen": ("pgen", ["gsa48.pgen", "gsa48.pvar", "gsa48.psam"]),
    "gsa48.pvar": ("pvar", ["gsa48.pgen", "gsa48.pvar", "gsa48.psam"]),
    "gsa48.psam": ("psam", ["gsa48.pgen", "gsa48.pvar", "gsa48.psam"]),
    "gsa48.v11.bgen": ("bgen", ["gsa48.v11.bgen", "gsa48.bgen.sample"]),
    "gsa6.FinalReport.txt.gz": ("final_report", ["gsa6.FinalReport.txt.gz"]),
    "chrX_PAR1_nonPAR_slice.26.vcf.gz": ("vcf", ["chrX_PAR1_nonPAR_slice.26.vcf.gz"]),
}


@pytest.mark.parametrize("name", sorted(_SETS))
def test_files_that_belong_together(name: str) -> None:
    kind, members = _SETS[name]
    path = shared_data("formats", name)
    assert (look(path).name, look(path).readable) == (kind, True)
    assert [each.name for each in file_set(path)] == members


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gsa48.raw.gz", "plink_raw"),
        ("gsa48.eigenstrat.geno.gz", "eigenstrat"),
        ("gsa48.eigenstrat.snp", "eigenstrat"),
        ("gsa48.eigenstrat.ind", "eigenstrat"),
        ("panel.chrX.PAR2.kgp1.m3vcf.gz", "m3vcf"),
    ],
)
def test_known_but_not_read(name: str, kind: str) -> None:
    path = shared_data("formats", name)
    assert file_set(path) == (path,)
    with pytest.raises(FormatError) as caught:
        open_reader([path])
    assert caught.value.code == f"content.{kind}"
    assert caught.value.advice


def test_names_in_capitals_and_parts_elsewhere(tmp_path: Path) -> None:
    for ending in ("bed", "bim"):
        shutil.copy(
            shared_data("broken", "made", "plink_ok", f"x.{ending}"), tmp_path / f"X.{ending.upper()}"
        )
    (tmp_path / "people").mkdir()
    fam = tmp_path / "people" / "other.fam"
    shutil.copy(shared_data("broken", "made", "plink_ok", "x.fam"), fam)
    assert file_set(tmp_path / "X.BIM") == (tmp_path / "X.BED", tmp_path / "X.BIM")
    assert len(open_reader([tmp_path / "X.BED", fam]).samples) == 8
    with pytest.raises(FormatError, match=r"no \.fam"):
        open_reader([tmp_path / "X.BIM"])


def test_longer_names_share_a_list_of_people(tmp_path: Path) -> None:
    (tmp_path / "study.chr22.gen").write_text("22 a 5 A C 1 0 0\n")
    (tmp_path / "study.sample").write_text("ID_1 ID_2 missing\n0 0 0\na a 0\n")
    assert file_set(tmp_path / "study.chr22.gen")[1] == tmp_path / "study.sample"
    assert open_reader([tmp_path / "study.chr22.gen"]).samples == ("a",)


@pytest.mark.parametrize("name", ["lonely.fam", "lonely.map", "lonely.sample", "lonely.psam"])
def test_lists_alone_say_what_is_missing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("22 a 0 5 A C\n22 b 0 6 A C\n")
    with pytest.raises(FormatError) as caught:
        open_reader([path])
    assert caught.value.code.endswith(".missing_file")
    assert "beside lonely" in caught.value.title


def test_files_that_are_gone_raise_os_errors(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        open_reader([tmp_path / "gone.bed"])


@pytest.mark.parametrize(
    "content", [b"", b"\0\1\2\3" * 20, b"hello\n", b"%PDF-1.7", b"\x28\xb5\x2f\xfd\0\0"], ids=range(5)
)
@pytest.mark.parametrize("ending", ["bed", "bgen", "pgen", "bcf", "ped", "gen", "pvar", "sample", "txt"])
def test_rubbish_under_any_name(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    path.write_bytes(content)
    file_set(path)
    with pytest.raises(FormatError):
        open_reader([path])


def test_two_sets_that_differ_in_case_only(tmp_path: Path) -> None:
    (tmp_path / "probe").write_text("")
    if (tmp_path / "PROBE").exists():
        pytest.skip("this file system does not tell case")
    for name in ("x", "X"):
        for ending in ("bed", "bim", "fam"):
            source = shared_data("broken", "made", "plink_ok", f"x.{ending}")
            shutil.copy(source, tmp_path / f"{name}.{ending}")
    for name in ("x", "X"):
        assert {each.stem for each in file_set(tmp_path / f"{name}.bim")} == {name}


def test_packed_lists_and_endings_that_say_nothing(tmp_path: Path) -> None:
    packed = zstandard.ZstdCompressor().compress(b"22 a 5 A C 1 0 0\n")
    (tmp_path / "x.gen.zst").write_bytes(packed)
    (tmp_path / "x.sample").write_text("ID_1 ID_2 missing\n0 0 0\na a 0\n")
    assert look(tmp_path / "x.gen.zst").name == "gen"
    assert len(next(iter(open_reader([tmp_path / "x.sample"]).batches()))) == 1
    (tmp_path / "y.txt").write_text("f a 0 0 1 -9 A A C C G G T T\n")
    (tmp_path / "y.map").write_text("".join(f"22 rs{n} 0 {n}\n" for n in range(4)))
    assert file_set(tmp_path / "y.txt") == (tmp_path / "y.txt", tmp_path / "y.map")
    assert open_reader([tmp_path / "y.txt"]).samples == ("a",)
    (tmp_path / "x.bed").write_bytes(packed)
    assert look(tmp_path / "x.bed").name == "zstd"
