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
from tests.helpers.small_study import Study, make_study, vcf_gz

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
