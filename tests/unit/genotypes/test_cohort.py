"""Packed genotypes: what is written comes back, and nothing half-written can be opened."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.genotypes.cohort import (
    MOST_NAMES,
    Batch,
    Cohort,
    CohortWriter,
    Origin,
    count,
    open_cohort,
    pack,
    unpack,
)
from app.genotypes.readers.contract import FormatError
from app.genotypes.reading import write_cohort
from app.genotypes.texts import Texts, joined


@given(rows=st.integers(0, 9), samples=st.integers(1, 19), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_packing_is_reversible(rows: int, samples: int, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 4, (rows, samples), dtype=np.uint8)
    assert (unpack(pack(codes), samples) == codes).all()


@given(st.lists(st.lists(st.text(max_size=5), max_size=6), max_size=4))
def test_texts_are_lists_of_str(columns: list[list[str]]) -> None:
    together = joined(Texts.of(each) for each in columns)
    flat = [text for column in columns for text in column]
    assert list(together) == flat
    assert [together[i] for i in range(len(flat))] == flat
    assert list(together[np.arange(len(flat))[::-1]]) == flat[::-1]


def batch(rng: np.random.Generator, rows: int, samples: int, first: int, *, odd: bool) -> Batch:
    """Random rows; `odd` ones have phase and haploid calls."""
    codes = rng.integers(0, 4, (rows, samples), dtype=np.uint8)
    return Batch(
        names=["X", "22"] if odd else ["22"],
        chromosome=np.zeros(rows, np.uint16),
        position=np.arange(first, first + rows, dtype=np.int64),
        ids=Texts.of(f"rs{i}" for i in range(rows)),
        refs=Texts.of(["A"] * rows),
        alts=Texts.of(["GT"] * rows),
        flags=np.zeros(rows, np.uint32),
        record=np.arange(first, first + rows, dtype=np.int64),
        genotypes=codes,
        phase=rng.integers(0, 2, codes.shape).astype(bool) if odd else None,
        haploid=rng.integers(0, 2, codes.shape).astype(bool) if odd else None,
    )


def written(folder: Path, batches: list[Batch], samples: int) -> Cohort:
    names = [f"S{i}" for i in range(samples)]
    with CohortWriter(folder, Origin("VCF", ("a.vcf",)), names, sex=[1] * samples) as writer:
        for each in batches:
            writer.append(each)
    return open_cohort(folder)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    batches = [batch(rng, 5, 7, 0, odd=False), batch(rng, 3, 7, 5, odd=True), batch(rng, 4, 7, 8, odd=False)]
    cohort = written(tmp_path / "c", batches, 7)
    assert len(cohort) == cohort.records == 12
    assert cohort.names == ("22", "X")
    assert cohort.chromosome.tolist() == [0] * 5 + [1] * 3 + [0] * 4
    codes = np.concatenate([each.genotypes for each in batches if each.genotypes is not None])
    assert (cohort.genotypes(slice(0, 12)) == codes).all()
    assert (cohort.counts == count(codes)).all()
    assert cohort.refs[3] == "A"
    assert list(cohort.alts)[11] == "GT"
    assert batches[1].phase is not None
    assert batches[1].haploid is not None
    assert (cohort.phase(slice(5, 8)) == batches[1].phase).all()
    assert (cohort.haploid(slice(5, 8)) == batches[1].haploid).all()
    assert not cohort.phase(slice(0, 5)).any()
    assert not cohort.haploid(slice(8, 12)).any()
    assert cohort.has_haploid


def test_an_empty_cohort_can_be_opened(tmp_path: Path) -> None:
    cohort = written(tmp_path / "c", [], 3)
    assert len(cohort) == 0
    assert cohort.genotypes(slice(0, 0)).shape == (0, 3)


def test_nothing_stays_of_a_broken_writing(tmp_path: Path) -> None:
    def broken() -> None:
        with CohortWriter(tmp_path / "c", Origin("VCF", ()), ["a"]):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert not (tmp_path / "c").exists()


class ManyNames:
    """A reader of a file that names a new chromosome in every record."""

    origin = Origin("BCF", ("many.bcf",))
    samples = ("S",)
    header = None
    notes = ()
    people: ClassVar[dict[str, Sequence[str] | Sequence[int]]] = {}

    def __init__(self, count: int) -> None:
        self.count = count

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        for at in range(0, self.count, rows):
            part = batch(np.random.default_rng(1), min(rows, self.count - at), 1, at, odd=False)
            part.names = [f"c{at + number}" for number in range(len(part))]
            part.chromosome = np.arange(len(part), dtype=np.uint16)
            yield part

    def progress(self) -> tuple[int, int]:
        return 0, 0


def test_more_names_of_chromosomes_than_have_a_number(tmp_path: Path) -> None:
    assert len(write_cohort(ManyNames(MOST_NAMES), tmp_path / "a").names) == MOST_NAMES
    with pytest.raises(FormatError, match="chromosome names") as caught:
        write_cohort(ManyNames(MOST_NAMES + 1), tmp_path / "b")
    assert (caught.value.code, caught.value.path) == ("chromosome.too_many", "many.bcf")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(("rows", "samples"), [(0, 5), (1, 0), (3, 7), (2, 1000), (400, 3)])
def test_codes_are_packed_and_counted_in_any_shape(rows: int, samples: int) -> None:
    codes = np.random.default_rng(rows).integers(0, 4, (rows, samples)).astype(np.uint8)
    assert np.array_equal(unpack(pack(codes), samples), codes)
    wanted = [np.bincount(row, minlength=4) for row in codes]
    assert np.array_equal(count(codes), np.array(wanted, np.int64).reshape(rows, 4))
