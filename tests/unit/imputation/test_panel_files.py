"""Panels are read once, checked, and kept in pieces that can be cut out quickly."""

import json
import shutil
from pathlib import Path

import pytest

from app.domain.problem import Kind, ProblemError
from app.genotypes.bgzf import BgzfWriter, read_lines
from app.genotypes.matrix import read_matrix
from app.imputation.bgzf_parts import header_and_body, write_parts
from app.imputation.contract import EngineName, Tools
from app.imputation.engines import bref3_command
from app.imputation.panel_files import take_panel
from app.imputation.panel_packing import packed
from app.imputation.panel_part import PanelPart, with_packed
from tests.helpers.shared import shared_data
from tests.unit.imputation.vcf import Row, panel_rows, write_vcf


def many_rows() -> list[Row]:
    return [(5000 * (n + 1), "A", "C", [f"{n % 2}|{n // 3 % 2}"] * 8) for n in range(2000)]


def test_a_panel_is_taken_in(tmp_path: Path) -> None:
    rows = many_rows()
    rows.insert(5, (rows[4][0], "A", "C,G", rows[4][3]))
    rows.insert(6, rows[4])
    out = tmp_path / "panel"
    out.mkdir()
    facts = take_panel([write_vcf(tmp_path / "source.vcf", rows)], out, "GRCh38")
    (part,) = facts.parts
    assert (facts.build, facts.samples, facts.sites) == ("GRCh38", 8, 2001)
    assert (facts.several_alts, facts.duplicates) == (1, 2)
    assert (part.name, part.haplotypes, part.first, part.last) == ("20", 16, 5000, 10_000_000)
    assert sum(part.per_mb) == part.count == 2001
    part.write_slice(out, 1, 10_000_000, tmp_path / "whole.vcf.gz")
    whole = read_matrix(tmp_path / "whole.vcf.gz")
    assert list(whole.alts[whole.positions == rows[4][0]]) == ["C", "G"]
    part.write_slice(out, 2_000_001, 3_000_000, tmp_path / "slice.vcf.gz")
    found = read_matrix(tmp_path / "slice.vcf.gz")
    inside = (whole.positions > 2_000_000) & (whole.positions <= 3_000_000)
    assert whole.positions[inside].tolist() == found.positions.tolist()
    assert whole.take(inside).haplotypes.tolist() == found.haplotypes.tolist()
    assert [each.name for each in out.iterdir()] == ["chr20.hpanel"]


def test_files_are_joined_block_by_block(tmp_path: Path) -> None:
    out = tmp_path / "panel"
    out.mkdir()
    (part,) = take_panel([write_vcf(tmp_path / "source.vcf", many_rows())], out, "GRCh37").parts
    pieces = []
    for number, (first, last) in enumerate([(1, 2_000_000), (2_000_001, 9_000_000), (9_000_001, 10**8)]):
        part.write_slice(out, first, last, tmp_path / f"{number}.vcf.gz")
        header, begin = header_and_body(tmp_path / f"{number}.vcf.gz")
        pieces.append((tmp_path / f"{number}.vcf.gz", begin, None))
    write_parts(tmp_path / "joined.vcf.gz", header, pieces)
    lines = list(read_lines(tmp_path / "joined.vcf.gz"))
    alone = [line for path, *_ in pieces for line in read_lines(path) if not line.startswith(b"#")]
    assert [line for line in lines if not line.startswith(b"#")] == alone
    assert sum(line.startswith(b"#CHROM") for line in lines) == 1


@pytest.mark.parametrize(
    ("change", "title"),
    [
        (lambda rows: rows[3][3].__setitem__(1, ".|."), "missing genotypes"),
        (lambda rows: rows[3][3].__setitem__(1, "0/1"), "not phased"),
        (lambda rows: rows[3][3].__setitem__(1, "0|7"), "cannot be read"),
        (lambda rows: rows.reverse(), "not sorted"),
        (lambda rows: rows.clear(), "is empty"),
    ],
    ids=["missing", "unphased", "odd", "unsorted", "empty"],
)
def test_panels_that_cannot_be_used(change: object, title: str, tmp_path: Path) -> None:
    rows = panel_rows()
    change(rows)  # type: ignore[operator]
    with pytest.raises(ProblemError, match=title) as caught:
        take_panel([write_vcf(tmp_path / "source.vcf", rows)], tmp_path, "GRCh37")
    assert caught.value.problem.kind is Kind.INPUT
    assert not list(tmp_path.glob("chr*"))


def test_two_files_of_a_chromosome_and_a_build_that_nobody_knows(tmp_path: Path) -> None:
    one = write_vcf(tmp_path / "one.vcf", panel_rows())
    with pytest.raises(ProblemError, match="comes twice"):
        take_panel([one, one], tmp_path, "GRCh37")
    (tmp_path / "other").mkdir()
    with pytest.raises(ProblemError, match="another build"):
        take_panel(
            [
                write_vcf(
                    tmp_path / "far.vcf",
                    [(99_000_000, "A", "C", ["0|1"])] * 1
                    + [(99_000_000 + n, "A", "C", ["0|1"]) for n in range(1, 9)],
                )
            ],
            tmp_path / "other",
            "GRCh38",
        )


def test_x_is_cut_at_its_pseudoautosomal_parts(tmp_path: Path) -> None:
    rows: list[Row] = [(100_000, "A", "C", ["0|1", "1|0"]), (5_000_000, "A", "C", ["0|1", "1"])]
    source = write_vcf(tmp_path / "x.vcf", rows, chromosome="X")
    facts = take_panel([source], tmp_path, "GRCh37")
    assert [(part.name, part.haplotypes) for part in facts.parts] == [("X.PAR1", 4), ("X.nonPAR", 3)]


@pytest.mark.skipif(not shutil.which("minimac4"), reason="minimac4 is not installed")
def test_packed_for_minimac4_once(tmp_path: Path) -> None:
    (part,) = take_panel([write_vcf(tmp_path / "s.vcf", panel_rows())], tmp_path, "GRCh37").parts
    made = packed(part, tmp_path, EngineName.MINIMAC4, Tools())
    assert (tmp_path / str(made.msav)).stat().st_size > 100
    before = (tmp_path / str(made.msav)).stat().st_mtime_ns
    assert packed(made, tmp_path, EngineName.MINIMAC4, Tools()) == made
    assert (tmp_path / str(made.msav)).stat().st_mtime_ns == before


@pytest.mark.slow
@pytest.mark.skipif(bref3_command() is None, reason="the packer of Beagle is not installed")
def test_packed_for_beagle(tmp_path: Path) -> None:
    (part,) = take_panel([write_vcf(tmp_path / "s.vcf", panel_rows())], tmp_path, "GRCh37").parts
    made = packed(part, tmp_path, EngineName.BEAGLE, Tools())
    assert (tmp_path / str(made.bref3)).stat().st_size > 100


def packed_copy(tmp_path: Path, engine: EngineName) -> tuple[Path, Path]:
    """A panel, and the same packed for an engine: with a person who is haploid throughout."""
    rows = [
        (p, "A", "C" if p % 3000 else "CAG", [*cells[:-1], cells[-1][:1]]) for p, _, _, cells in panel_rows()
    ]
    folder = tmp_path / "first"
    folder.mkdir()
    source = write_vcf(tmp_path / "s.vcf", rows)
    (part,) = take_panel([source], folder, "GRCh37").parts
    made = packed(part, folder, engine, Tools())
    return source, folder / str(made.msav or made.bref3)


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(
            EngineName.MINIMAC4,
            marks=pytest.mark.skipif(not shutil.which("minimac4"), reason="minimac4 is not installed"),
            id="minimac4",
        ),
        pytest.param(
            EngineName.BEAGLE,
            marks=pytest.mark.skipif(bref3_command() is None, reason="the packer is not installed"),
            id="beagle",
        ),
    ],
)
def test_packed_panels_are_read_back(engine: EngineName, tmp_path: Path) -> None:
    plain, source = packed_copy(tmp_path, engine)
    (tmp_path / "second").mkdir()
    (part,) = take_panel([source], tmp_path / "second", "GRCh37").parts
    part.write_slice(tmp_path / "second", 1, 10**9, tmp_path / "again.vcf.gz")
    one, two = read_matrix(plain), read_matrix(tmp_path / "again.vcf.gz")
    assert one.site_keys() == two.site_keys()
    if engine is EngineName.MINIMAC4:
        assert one.haplotypes.tolist() == two.haplotypes.tolist()
    else:  # bref3 knows diploid people only
        assert one.haplotypes[:, :-1].tolist() == two.haplotypes[:, :-1].tolist()
    short = tmp_path / f"short{source.suffix}"
    short.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    (tmp_path / "third").mkdir()
    with pytest.raises(ProblemError, match="damaged"):
        take_panel([short], tmp_path / "third", "GRCh37")


def test_packed_forms_of_old_are_refused(tmp_path: Path) -> None:
    old = tmp_path / "panel.m3vcf.gz"
    old.write_bytes(b"x")
    with pytest.raises(ProblemError, match="old form"):
        take_panel([old], tmp_path, "GRCh37")


def test_a_panel_that_an_earlier_version_took_in(tmp_path: Path) -> None:
    """It had a VCF, a list of sites and places in it; the first use packs it, and the VCF stays."""
    rows = panel_rows()
    with BgzfWriter(tmp_path / "chr20.vcf.gz") as out:
        out.write(write_vcf(tmp_path / "s.vcf", rows).read_bytes())
    record: dict[str, object] = {
        "chromosome": "20", "part": "", "contig": "20", "vcf": "chr20.vcf.gz", "sites": "chr20.sites.gz",
        "msav": None, "bref3": None, "haplotypes": 20, "count": 40, "first": 1000, "last": 40_000,
        "per_mb": [40], "places": [[1000, 70_000]],
    }  # fmt: skip
    part = PanelPart.model_validate_json(json.dumps(record))
    made = with_packed(part, tmp_path)
    with made.open(tmp_path) as panel:
        assert (panel.count, panel.size, panel.per_mb) == (40, 20, (40,))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["chr20.hpanel", "chr20.vcf.gz", "s.vcf"]
    written = (tmp_path / "chr20.hpanel").stat().st_mtime_ns
    assert with_packed(made, tmp_path) == made
    assert (tmp_path / "chr20.hpanel").stat().st_mtime_ns == written
    (tmp_path / "chr20.vcf.gz").unlink()
    assert with_packed(made, tmp_path) == made
    (tmp_path / "chr20.hpanel").unlink()
    with pytest.raises(ProblemError, match="not whole"):
        with_packed(made, tmp_path)


def test_the_borders_of_x_come_from_its_length(tmp_path: Path) -> None:
    """2.75 Mb lies in a pseudoautosomal part of GRCh38 and not in one of GRCh37."""
    rows: list[Row] = [(2_750_000, "A", "C", ["0|1", "1|0"]), (5_000_000, "A", "C", ["0|1", "1"])]
    for length, name in ((156_040_895, "X.PAR1"), (155_270_560, "X.nonPAR")):
        source = write_vcf(tmp_path / f"{name}.vcf", rows[: 1 + (name == "X.PAR1")], chromosome="X")
        text = source.read_text().replace("<ID=X>", f"<ID=X,length={length}>")
        source.write_text(text)
        (tmp_path / name).mkdir()
        assert take_panel([source], tmp_path / name).parts[0].name == name


@pytest.mark.slow
def test_a_real_msav_panel(tmp_path: Path) -> None:
    facts = take_panel([shared_data("formats", "panel.chr22_eur.minimac4.msav")], tmp_path)
    assert (facts.build, facts.samples, facts.sites) == ("GRCh37", 310, 85_485)
