"""Letters to rows: every copy of every allele is counted once, whatever the letters are."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.genotypes.readers.letter_rows import BAD, HALF, names_of, pair_of, rows_of
from app.genotypes.texts import Texts

CALLS = st.sampled_from(["--", "A", "C", "AA", "AC", "CA", "GT", "TT", "DI", "II", "AG", "GG", "ZZ", "A-"])


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("AG", 1 | 3 << 3),
        ("a/g", 1 | 3 << 3),
        ("T", 4),
        ("--", 0),
        ("00", 0),
        ("", 0),
        ("NC", 0),
        ("DI", 5 | 6 << 3),
        ("A-", HALF),
        ("0G", HALF),
        ("AGT", BAD),
        ("12", BAD),
    ],
)
def test_pairs(text: str, pair: int) -> None:
    assert pair_of(text.encode()) == pair


@given(
    st.integers(1, 5).flatmap(
        lambda people: st.lists(st.lists(CALLS, min_size=people, max_size=people), min_size=1)
    )
)
def test_copies_of_each_allele(calls: list[list[str]]) -> None:
    pairs = np.array([[pair_of(call.encode()) for call in row] for row in calls], np.uint8)
    sites = np.arange(len(calls))
    batch = rows_of(
        pairs,
        ["1"],
        np.zeros(len(calls), np.uint16),
        sites + 1,
        Texts.of(f"rs{n}" for n in sites),
        sites.astype(np.int64),
    )
    assert batch.genotypes is not None
    haploid = batch.haploid if batch.haploid is not None else np.zeros(batch.genotypes.shape, bool)
    for number, row in enumerate(calls):
        mine = np.flatnonzero(batch.record == number)
        met = sorted(
            {letter for call in row if not set(call) & set("-Z") for letter in call}, key="ACGTDI".index
        )
        assert len(mine) == max(1, len(met) - 1)
        assert [batch.refs[int(at)] for at in mine] == [met[0] if met else "."] * len(mine)
        assert [batch.alts[int(at)] for at in mine] == (met[1:] or ["."])
        for at in mine.tolist():
            for person, call in enumerate(row):
                known = not set(call) & set("-Z")
                copies = call.count(batch.alts[at]) * (2 if len(call) == 1 else 1)
                assert batch.genotypes[at, person] == (copies if known else 3)
                assert haploid[at, person] == (known and len(call) == 1)


def test_names_are_safe_and_different() -> None:
    paths = [Path("a b.txt.gz"), Path("x/a b.csv"), Path("…"), Path("genome.23andMe.zip")]
    assert names_of(paths) == ["a_b", "a_b_2", "sample", "genome.23andMe"]
