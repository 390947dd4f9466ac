"""Panels are read once, checked, and kept in pieces that can be cut out quickly."""

import shutil
from pathlib import Path

import pytest

from app.domain.problem import Kind, ProblemError
from app.genotypes.bgzf import read_lines
from app.genotypes.matrix import read_matrix
from app.imputation.bgzf_parts import header_and_body, write_parts
from app.imputation.contract import EngineName, Tools
from app.imputation.engines import bref3_command
from app.imputation.panel_files import take_panel
from app.imputation.panel_packing import packed
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
    assert (facts.build, facts.samples, facts.sites) == ("GRCh38", 8, 2000)
    assert (facts.several_alts, facts.duplicates) == (1, 1)
    assert (part.name, part.haplotypes, part.first, part.last) == ("20", 16, 5000, 10_000_000)
    assert sum(part.per_mb) == part.count == 2000
    whole = read_matrix(out / part.vcf)
    part.write_slice(out, 2_000_001, 3_000_000, tmp_path / "slice.vcf.gz")
    found = read_matrix(tmp_path / "slice.vcf.gz")
    inside = (whole.positions > 2_000_000) & (whole.positions <= 3_000_000)
    assert set(whole.positions[inside]) <= set(found.positions)
    assert len(found) < 300
    assert (
        whole.take(inside).haplotypes.tolist()
        == found.take((found.positions > 2_000_000) & (found.positions <= 3_000_000)).haplotypes.tolist()
    )
    assert len(list(read_lines(out / part.sites))) == 2000


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
    (part,) = take_panel([write_vcf(tmp_path / "s.vcf", rows)], folder, "GRCh37").parts
    made = packed(part, folder, engine, Tools())
    return folder / part.vcf, folder / str(made.msav or made.bref3)


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
    one, two = read_matrix(plain), read_matrix(tmp_path / "second" / part.vcf)
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


@pytest.mark.slow
def test_a_real_msav_panel(tmp_path: Path) -> None:
    facts = take_panel([shared_data("formats", "panel.chr22_eur.minimac4.msav")], tmp_path)
    assert (facts.build, facts.samples, facts.sites) == ("GRCh37", 310, 85_485)
