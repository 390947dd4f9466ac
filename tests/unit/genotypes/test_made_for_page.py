"""Files for a web page that wants another build, or PLINK."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import Kind, ProblemError
from app.genotypes.bgzf import read_lines
from app.genotypes.builds import length
from app.genotypes.made_for_page import LiftWay, made_for_page
from app.genotypes.order import Dropped, Order
from app.genotypes.reading import read_cohort
from tests.helpers.small_study import Study, make_study, vcf_gz, vcf_text

SHIFT, HOLE = 1_000, 2_000_000


@pytest.fixture
def study() -> Study:
    return make_study(1, samples=6, sites=60, chromosomes=("20",), build="GRCh37")


def written(study: Study, folder: Path) -> str:
    path = folder / "study.vcf.gz"
    path.write_bytes(next(iter(vcf_gz(study).values())))
    return str(path)


def chain(study: Study, folder: Path) -> tuple[str, int]:
    """All of chromosome 20 moved by a little, but for a hole; and how many sites lie in the hole."""
    old, new = length("GRCh37", "20"), length("GRCh38", "20")
    assert old is not None
    assert new is not None
    first = study.sites[10].position - 1
    end = min(first + HOLE, old - 10)
    path = folder / "there.chain"
    path.write_text(
        f"chain 9 chr20 {old} + 0 {old} chr20 {new} + {SHIFT} {old + SHIFT} 1\n"
        f"{first} {end - first} {end - first}\n{old - end}\n\n"
    )
    return str(path), sum(first < site.position <= end for site in study.sites)


def test_positions_are_lifted_over_and_what_has_no_place_is_counted(study: Study, tmp_path: Path) -> None:
    path, lost = chain(study, tmp_path)
    way = LiftWay(here="GRCh37", there="GRCh38", chain=path, stated="GRCh37")
    out = tmp_path / "out"
    out.mkdir()
    order = Order(stem="s", build="GRCh38", prefixed=True)
    made = made_for_page([written(study, tmp_path)], order, str(out), str(tmp_path / "work"), way)
    assert 0 < lost < len(study.sites)
    assert (made.sites_in, made.sites_out) == (len(study.sites), len(study.sites) - lost)
    assert made.dropped == {Dropped.NOT_LIFTED: lost}
    rows = [line.split(b"\t") for line in read_lines(out / "s.chr20.vcf.gz") if not line.startswith(b"#")]
    kept = {site.position + SHIFT for site in study.sites}
    assert {row[0] for row in rows} == {b"chr20"}
    assert {int(row[1]) for row in rows} <= kept


def test_a_chain_of_other_builds_makes_nothing(study: Study, tmp_path: Path) -> None:
    path, _ = chain(study, tmp_path)
    way = LiftWay(here="GRCh38", there="GRCh37", chain=path, stated="GRCh38")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ProblemError) as caught:
        made_for_page([written(study, tmp_path)], Order(stem="s"), str(out), str(tmp_path / "work"), way)
    assert caught.value.problem.kind is Kind.INPUT
    assert not list(out.iterdir())


def test_plink_where_the_page_wants_it(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    order = Order(stem="s", suffix=".bed", one_file=True)
    made = made_for_page([written(study, tmp_path)], order, str(out), str(tmp_path / "work"))
    assert [each.name for each in made.files] == ["s.bed", "s.bim", "s.fam"]
    assert sum(each.sites for each in made.files) == made.sites_out == len(study.sites)
    (cohort,) = read_cohort([out / "s.bed"], tmp_path / "read")
    assert (len(cohort), len(cohort.samples)) == (len(study.sites), 6)
    assert np.asarray(cohort.position).tolist() == sorted(site.position for site in study.sites)
    assert all(each.size == (out / each.name).stat().st_size for each in made.files)


def genome_of(study: Study, folder: Path, *, same: bool = True) -> str:
    """A genome that has REF of each site at its place, or one that has nothing there."""
    size = length("GRCh37", "20")
    assert size is not None
    bases = bytearray(b"N" * size)
    for site in study.sites:
        bases[site.position - 1] = ord(site.ref if same else "N")
    path = folder / "genome.fa"
    path.write_bytes(b">20\n" + bytes(bases) + b"\n")
    return str(path)


def test_ref_is_the_base_of_the_genome_that_the_page_names(tmp_path: Path) -> None:
    """Exchanged alleles are turned round with their genotypes; what fits on no strand is left out."""
    study = make_study(1, samples=6, sites=120, chromosomes=("20",), build="GRCh37")
    genome = genome_of(study, tmp_path)
    truth = {
        (each[1], each[3], each[4]): each[9:]
        for each in (line.split("\t") for line in vcf_text(study).splitlines() if not line.startswith("#"))
    }
    lines = []
    odd = 0
    turn = str.maketrans("01", "10")
    for number, line in enumerate(vcf_text(study).splitlines()):
        cells = line.split("\t")
        if not line.startswith("#") and number % 5 == 0:
            cells = [*cells[:3], cells[4], cells[3], *cells[5:9], *(c.translate(turn) for c in cells[9:])]
        elif not line.startswith("#") and number % 31 == 0:
            odd += 1
            neither = sorted(set("ACGT") - set(cells[3]) - {str("TGCA"["ACGT".index(cells[3])])})
            cells[3:5] = neither[:2]
        lines.append("\t".join(cells))
    path = tmp_path / "mixed.vcf"
    path.write_text("\n".join(lines) + "\n")
    out = tmp_path / "out"
    out.mkdir()
    order = Order(stem="s", build="GRCh37", one_file=True, reference=genome)
    made = made_for_page([str(path)], order, str(out), str(tmp_path / "work"))
    rows = [line.decode().split("\t") for line in read_lines(out / "s.vcf.gz") if not line.startswith(b"#")]
    assert rows
    for row in rows:
        assert [sorted(each.split("/")) for each in row[9:]] == [
            sorted(each.replace("|", "/").split("/")) for each in truth[row[1], row[3], row[4]]
        ]
    assert odd
    assert made.dropped[Dropped.OTHER_REFERENCE] >= odd
    assert made.sites_in == len(study.sites) == made.sites_out + sum(made.dropped.values())
    assert made.sites_out > 0.7 * len(study.sites)


def test_the_genome_of_other_files_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    study = make_study(1, samples=6, sites=120, chromosomes=("20",), build="GRCh37")
    genome = genome_of(study, tmp_path, same=False)
    out = tmp_path / "out"
    out.mkdir()
    order = Order(stem="s", build="GRCh37", one_file=True, reference=genome)
    with pytest.raises(ProblemError) as caught:
        made_for_page([written(study, tmp_path)], order, str(out), str(tmp_path / "work"))
    assert caught.value.problem.kind is Kind.INPUT
    assert "reference genome" in caught.value.problem.title
