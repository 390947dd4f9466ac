"""Hiding sites, and ranking by what became of them."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from app.domain.accuracy import AncestrySource
from app.domain.problem import ProblemError
from app.genotypes.matrix import read_matrix
from app.genotypes.people.ancestry import LABELS
from app.genotypes.writers.whole_vcf import write_vcf
from app.results.figures.bins import MAF_COUNT
from app.results.masking.ranking import HiddenResult, rank
from app.results.masking.writing import SITES, MaskErrand, mask
from app.results.truth.people import read_groups
from app.results.truth.sums import BLOCK_SUMS, Sum
from tests.unit.genotypes.people.test_ancestry import drawn
from tests.unit.results.truth.test_scoring import vcf

CELLS = ("0|0", "0|1", "1|1")
PEOPLE = tuple(f"S{n}" for n in range(20))


def cohort(path: Path, chromosomes: tuple[str, ...] = ("20", "21"), sites: int = 200) -> Path:
    rng = np.random.default_rng(1)
    rows = []
    for name in chromosomes:
        for n in range(sites):
            alleles = "A T" if n % 10 == 0 else "A C"
            counts = rng.binomial(2, rng.uniform(0.03, 0.5), len(PEOPLE))
            rows.append(f"{name} {1000 + 100 * n} {alleles} : {' '.join(CELLS[c] for c in counts)}")
    return vcf(path, rows, PEOPLE)


def errand(tmp_path: Path, source: Path, name: str = "one", **more: object) -> MaskErrand:
    folders = {each: tmp_path / f"{name}-{each}" for each in ("upload", "kept", "work")}
    for folder in folders.values():
        folder.mkdir()
    rest = {"paths": (str(source),), "share": 0.1, "seed": 7, "build": "GRCh37"}
    return MaskErrand(**{**folders, **rest, **more})  # type: ignore[arg-type]


def test_a_share_of_each_range_is_hidden_and_kept(tmp_path: Path) -> None:
    source = cohort(tmp_path / "study.vcf")
    wanted = errand(tmp_path, source)
    made = mask(wanted)
    assert made.chromosomes == ("20",)  # of the usual ones
    whole = read_matrix(source)
    whole = whole.take(whole.chromosomes == "20")
    sent = read_matrix(wanted.upload / "chr20.vcf.gz")
    hidden = read_matrix(wanted.kept / made.truth_files[0])
    assert set(sent.site_keys()).isdisjoint(hidden.site_keys())
    assert sorted(sent.site_keys() + hidden.site_keys()) == sorted(whole.site_keys())
    rows = {key: row for row, key in enumerate(whole.site_keys())}
    for part in (sent, hidden):
        assert part.samples == whole.samples
        mine = [rows[key] for key in part.site_keys()]
        assert np.array_equal(part.haplotypes, whole.haplotypes[mine])
        assert part.phased.all()
    assert not (hidden.alts == "T").any()  # A/T does not tell its strand
    assert (made.typed, made.hidden) == (200, len(hidden))
    for each in made.by_maf:
        assert each.hidden == int(0.1 * each.typed + 0.5)
    text = (wanted.kept / SITES).read_bytes()
    assert made.sites_sha256 == hashlib.sha256(text).hexdigest()
    assert made.sha256 == (hashlib.sha256(source.read_bytes()).hexdigest(),)
    assert len(text.splitlines()) == made.hidden + 1


def test_a_seed_gives_the_same_sites(tmp_path: Path) -> None:
    source = cohort(tmp_path / "study.vcf", ("1", "2"))
    first, again, other = (
        mask(errand(tmp_path, source, name, seed=seed)) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first.chromosomes == ("1", "2")
    assert first.sites_sha256 == again.sites_sha256 != other.sites_sha256
    some = mask(errand(tmp_path, source, "d", chromosomes=("2", "9")))
    assert some.chromosomes == ("2",)


def test_nothing_to_hide(tmp_path: Path) -> None:
    source = cohort(tmp_path / "study.vcf", ("20",), 12)
    with pytest.raises(ProblemError, match="too few sites to compare") as told:
        mask(errand(tmp_path, source, "a", share=0.001))
    assert "Take more chromosomes" in told.value.problem.what_you_can_do
    more = cohort(tmp_path / "more.vcf", ("20",), 100)
    with pytest.raises(ProblemError, match="2.0% of them are") as told:
        mask(errand(tmp_path, more, "c", share=0.02))
    needed = re.search(r"Hide (\d+) % of them", told.value.problem.what_you_can_do)
    assert needed is not None
    assert mask(errand(tmp_path, more, "d", share=int(needed.group(1)) / 100 + 0.02)).hidden >= 10
    with pytest.raises(ProblemError, match="none of these chromosomes"):
        mask(errand(tmp_path, source, "b", chromosomes=("3",)))


def blocks(noise: float, seed: int, missing: int = 0, stretches: int = 40) -> HiddenResult:
    """Stretches of two sites of frequency 0.3 and 30 people, with dosages of some noise."""
    truth, errors = np.random.default_rng(0), np.random.default_rng(seed)
    found = {}
    for number in range(stretches):
        y = truth.binomial(2, 0.3, 60).astype(float)
        x = y + errors.normal(0, noise, 60)
        table = np.zeros((MAF_COUNT, BLOCK_SUMS))
        there = number >= missing
        sums = [60, x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum(), 2, 0]
        table[-1] = sums if there else 0
        table[-1, Sum.MISSING] = 0 if there else 2
        found["1", number] = table
    return HiddenResult(found)


def test_results_that_differ_are_told_apart_and_those_that_do_not_are_not() -> None:
    told = rank([blocks(0.6, 1), blocks(0.2, 2), blocks(0.6, 3)])
    assert told.standings[1].place == 1
    assert told.standings[1].not_apart == ()
    assert {told.standings[0].place, told.standings[2].place} == {2, 3}
    assert told.standings[0].not_apart == (told.standings[2].place,)
    assert told.used == ((0.2, 0.5),)
    assert told.warnings == ()
    assert told.standings[0].error is not None


def test_sites_that_a_result_lacks_count_as_nothing() -> None:
    whole, part = rank([blocks(0.3, 1), blocks(0.3, 1, missing=10)]).standings
    assert part.score == pytest.approx(whole.score * 0.75, abs=0.01)
    assert part.r2 == pytest.approx(whole.r2, abs=0.01)
    assert (whole.present, part.present) == (1, pytest.approx(0.75))
    assert (whole.place, part.place) == (1, 2)


def test_too_few_sites_are_told() -> None:
    few = rank([blocks(1.0, 1, stretches=6), blocks(1.0, 2, stretches=6)])
    assert "standard error" in few.warnings[0]
    assert "may be chance" in few.warnings[1]
    none = rank([blocks(1.0, 1, stretches=3)])
    assert none.standings[0].error is None
    assert "too few places" in none.warnings[0]
    nothing = HiddenResult({("1", 0): np.zeros((MAF_COUNT, BLOCK_SUMS))})
    assert rank([nothing]).warnings[0].startswith("At the hidden sites")
    assert rank([]).standings == ()


def test_groups_are_projected_or_taken_from_a_table(tmp_path: Path) -> None:
    source = write_vcf(drawn(tmp_path / "c", "GRCh37", 2000, people=2), tmp_path / "study.vcf.gz")
    wanted = errand(tmp_path, source, "a", share=0.5)
    made = mask(wanted)
    assert made.ancestry is AncestrySource.PROJECTION
    groups = read_groups(wanted.kept / made.people_file)
    assert sorted(groups.values()) == sorted([*LABELS, *LABELS])
    table = tmp_path / "people.tsv"
    table.write_text("sample\tpopulation\nP0\tYRI\n")
    told = errand(tmp_path, source, "b", share=0.5, people=str(table))
    assert mask(told).ancestry is AncestrySource.TABLE
    assert read_groups(told.kept / "people.tsv") == {"P0": "YRI"}
    few = mask(errand(tmp_path, cohort(tmp_path / "few.vcf"), "d"))
    assert (few.ancestry, few.people_file) == (AncestrySource.NONE, "")


def test_common_ranges_with_enough_sites_count() -> None:
    one = blocks(0.3, 1)
    for table in one.hidden.values():
        table[-2] = table[-1]  # as many sites of 0.1 to 0.2
        table[2] = table[-1]  # rare ones, which do not count
    only_rare = HiddenResult({k: np.roll(t, 3, axis=0) for k, t in blocks(0.3, 1).hidden.items()})
    assert rank([one]).used == ((0.1, 0.2), (0.2, 0.5))
    assert rank([one], least_sites=1000).used == ((0.1, 0.2), (0.2, 0.5))
    assert rank([only_rare]).used == ((0.001, 0.002),)
