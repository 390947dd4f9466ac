"""A panel that is packed for a job: every ALT allele by itself, and what cannot be used is told."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.genotypes.bgzf import read_lines
from app.genotypes.matrix import Region
from app.imputation.built_in.stretch import join_stretches, stretch_of
from app.imputation.contract import EngineName, ImputationRequest
from app.imputation.panel_format.building import pack_vcf
from app.imputation.panel_format.reader import Panel
from app.imputation.run import impute_files
from tests.unit.imputation.vcf import Row, panel_rows, write_vcf

SEVERAL: list[Row] = [
    (1000, "A", "C", ["0|1", "1|1", "0|0"]),
    (2000, "A", "C,G,<DEL>", ["1|2", "0|3", "2|2"]),
    (2000, "AT", "A", ["0|1", "0|0", "1|0"]),
    (3000, "G", "T", ["0|0", "1|0", "0|1"]),
]


def test_a_record_for_each_alt(tmp_path: Path) -> None:
    packed = tmp_path / "p"
    assert pack_vcf(write_vcf(tmp_path / "p.vcf", SEVERAL), packed, Region("20")).sites == 6
    with Panel.open(packed) as panel:
        stretch = panel.stretch()
        assert (panel.contig, panel.size) == ("20", 6)
    keys = list(zip(stretch.positions.tolist(), stretch.refs, stretch.alts, strict=True))
    assert keys == [
        (1000, "A", "C"),
        (2000, "A", "C"),
        (2000, "A", "G"),
        (2000, "A", "<DEL>"),
        (2000, "AT", "A"),
        (3000, "G", "T"),
    ]
    assert stretch.alleles(slice(1, 4)).tolist() == [
        [1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 1, 1],
        [0, 0, 0, 1, 0, 0],
    ]


def test_several_alts_are_kept_in_the_result_and_matched_exactly(tmp_path: Path) -> None:
    target: list[Row] = [(2000, "A", "G", ["0|1", "1|1"]), (3000, "G", "T", ["0|1", "0|0"])]
    made = impute_files(
        ImputationRequest(
            panel_vcf=write_vcf(tmp_path / "panel.vcf", SEVERAL),
            target_vcf=write_vcf(tmp_path / "target.vcf", target, prefix="T"),
            out_dir=tmp_path / "out",
            chromosome="20",
        )
    )
    rows = [line.split(b"\t") for line in read_lines(made.dose) if not line.startswith(b"#")]
    assert [(row[1], row[4], b"TYPED" in row[7]) for row in rows] == [
        (b"1000", b"C", False),
        (b"2000", b"C", False),
        (b"2000", b"G", True),
        (b"2000", b"<DEL>", False),
        (b"2000", b"A", False),
        (b"3000", b"T", True),
    ]
    assert (made.figures.panel_sites, made.figures.typed) == (6, 2)


def test_haploid_people_have_one_column(tmp_path: Path) -> None:
    rows: list[Row] = [(p, "A", "C", ["0|1", "1", "0|0"]) for p in (1000, 2000)]
    pack_vcf(write_vcf(tmp_path / "x.vcf", rows, "chrX"), tmp_path / "p", Region("X"))
    with Panel.open(tmp_path / "p") as panel:
        assert (panel.contig, panel.size, panel.ploidy.tolist()) == ("chrX", 5, [2, 1, 2])
        assert panel.stretch().alleles(slice(None)).tolist() == 2 * [[0, 1, 1, 0, 0]]
    mixed: list[Row] = [*rows, (3000, "A", "C", ["0|1", "1|1", "0|0"])]
    with pytest.raises(ProblemError, match="haploid at some sites"):
        pack_vcf(write_vcf(tmp_path / "y.vcf", mixed, "chrX"), tmp_path / "q", Region("X"))


def test_a_region_without_sites_has_no_panel(tmp_path: Path) -> None:
    vcf = write_vcf(tmp_path / "p.vcf", panel_rows())
    assert not pack_vcf(vcf, tmp_path / "p", Region("21")).sites
    assert not pack_vcf(vcf, tmp_path / "p", Region("20", 100_000, 200_000)).sites
    assert not (tmp_path / "p").exists()


def test_a_packed_panel_stands_in_place_of_its_vcf(tmp_path: Path) -> None:
    vcf, packed = write_vcf(tmp_path / "p.vcf", panel_rows()), tmp_path / "p.hpanel"
    pack_vcf(vcf, packed, Region("20"))
    target = write_vcf(tmp_path / "t.vcf", [(5000, "A", "C", ["0|1"])], prefix="T")

    def records(panel: Path, out: str, packed: Path | None = None) -> list[bytes]:
        made = impute_files(
            ImputationRequest(
                panel_vcf=panel,
                panel_packed=packed,
                target_vcf=target,
                out_dir=tmp_path / out,
                chromosome="20",
            )
        )
        return [line for line in read_lines(made.dose) if not line.startswith(b"#")]

    told = records(vcf, "a")
    assert len(told) == 40
    assert records(packed, "b") == told
    assert records(tmp_path / "none.vcf", "c", packed) == told


def test_stretches_are_joined() -> None:
    draw = np.random.default_rng(4)
    alleles = (draw.random((60, 200)) < draw.random((60, 1)) ** 3).astype(np.uint8)
    whole = stretch_of(alleles, np.arange(60))
    pieces = [whole.take(np.arange(10, 20)), whole.take(np.array([25, 27, 40])), whole.take(slice(50, 50))]
    made = join_stretches(pieces)
    chosen = [*range(10, 20), 25, 27, 40]
    assert made.positions.tolist() == chosen
    assert (made.alleles(slice(None)) == alleles[chosen]).all()
    assert made.nbytes < whole.nbytes / 2


@pytest.mark.skipif(not shutil.which("minimac4"), reason="minimac4 is not installed")
def test_another_engine_gets_a_packed_panel_as_its_own_form(tmp_path: Path) -> None:
    packed = tmp_path / "p.hpanel"
    pack_vcf(write_vcf(tmp_path / "p.vcf", panel_rows()), packed)
    target = write_vcf(tmp_path / "t.vcf", [(p, "A", "C", ["0|1"]) for p in (5000, 9000)], prefix="T")
    made = impute_files(
        ImputationRequest(
            panel_vcf=packed,
            target_vcf=target,
            out_dir=tmp_path / "out",
            chromosome="20",
            engine=EngineName.MINIMAC4,
        )
    )
    assert made.figures.written == 40
    assert sorted(each.name for each in made.dose.parent.iterdir())[0] == "chr20.dose.vcf.gz"
