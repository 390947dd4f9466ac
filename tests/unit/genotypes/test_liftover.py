"""Lift-over agrees with a slow reading of the chain format, with another library and with real positions."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.problem import ProblemError
from app.genotypes.liftover import (
    NOWHERE,
    Chain,
    LiftStatus,
    build_by_sizes,
    lift,
    read_chain,
    round_trip,
)
from tests.helpers.shared import shared_data

# 1:1-100 → 1:11-110, a gap of 10 in the source, 1:111-160 → 1:111-160; then a turned piece and another
# chromosome, which also covers the first bases.
SMALL = """chain 900 chr1 1000 + 0 160 chr1 1200 + 10 160 1
100 10 0
50

chain 500 chr1 1000 + 200 230 chr1 1200 - 300 330 2
30

chain 5000 chr1 1000 + 90 320 chr7 900 + 0 230 3
230
"""


def chain_file(folder: Path, text: str, name: str = "small.chain") -> Path:
    """A chain file, packed when its name says so."""
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def place(chain: Chain, position: int) -> tuple[str, int, bool, LiftStatus] | None:
    """Where one position of chromosome 1 is."""
    found = lift(chain, "1", np.array([position]))
    if found.chromosome[0] == NOWHERE:
        return None
    name = found.names[int(found.chromosome[0])]
    return name, int(found.position[0]), bool(found.reverse[0]), LiftStatus(int(found.status[0]))


@pytest.mark.parametrize("name", ["small.chain", "small.chain.gz"])
def test_positions_count_from_one_and_the_strand_turns(tmp_path: Path, name: str) -> None:
    chain = read_chain(chain_file(tmp_path, SMALL, name))
    assert place(chain, 1) == ("1", 11, False, LiftStatus.LIFTED)
    assert place(chain, 100) == ("1", 110, False, LiftStatus.LIFTED)
    assert place(chain, 160) == ("1", 160, False, LiftStatus.LIFTED)
    # Base 200 of the source (from 0) is base 300 of the minus strand: 1200 − 300 from the other end.
    assert place(chain, 201) == ("1", 900, True, LiftStatus.LIFTED)
    assert place(chain, 230) == ("1", 871, True, LiftStatus.LIFTED)


def test_the_same_chromosome_wins_over_a_higher_score(tmp_path: Path) -> None:
    chain = read_chain(chain_file(tmp_path, SMALL))
    assert place(chain, 95) == ("1", 105, False, LiftStatus.LIFTED)
    assert place(chain, 105) == ("7", 15, False, LiftStatus.OTHER_CHROMOSOME)
    assert place(chain, 320) == ("7", 230, False, LiftStatus.OTHER_CHROMOSOME)
    assert place(chain, 321) is None


def test_the_higher_score_wins_among_equals(tmp_path: Path) -> None:
    text = "chain {} 1 1000 + 0 50 1 1000 + {} {} 1\n50\n\n"
    two = text.format(10, 0, 50) + text.format(20, 100, 150)
    assert place(read_chain(chain_file(tmp_path, two)), 1) == ("1", 101, False, LiftStatus.LIFTED)
    other = text.format(20, 0, 50) + text.format(10, 100, 150)
    assert place(read_chain(chain_file(tmp_path, other)), 1) == ("1", 1, False, LiftStatus.LIFTED)


def test_names_with_and_without_chr_and_unknown_ones(tmp_path: Path) -> None:
    chain = read_chain(chain_file(tmp_path, SMALL))
    for name, lifted in (("1", 1), ("chr1", 1), ("chr2", 0)):
        assert lift(chain, name, np.array([1, 500])).counts() == {
            LiftStatus.LIFTED: lifted,
            LiftStatus.UNMAPPED: 2 - lifted,
            LiftStatus.OTHER_CHROMOSOME: 0,
        }
    assert lift(chain, "9", np.array([], np.int64)).position.tolist() == []


def test_alleles_of_several_bases_stay_together(tmp_path: Path) -> None:
    chain = read_chain(chain_file(tmp_path, SMALL.split("chain 5000")[0]))
    found = lift(chain, "1", np.array([98, 99, 201, 228, 229]), np.array([3, 3, 5, 3, 3]))
    assert found.position.tolist() == [108, 0, 896, 871, 0]
    assert found.reverse.tolist() == [False, False, True, True, False]


def slowly(text: str, base: int) -> list[tuple[tuple[bool, float, int, int], str, int, bool]]:
    """All hits of a base of chromosome 1 (from 1), worst first; read straight from the text."""
    hits = []
    for order, part in enumerate(text.strip().split("\n\n")):
        head, *lines = part.split("\n")
        w = head.split()
        at, to = int(w[5]), int(w[10])
        total = sum(int(line.split()[0]) for line in lines)
        for line in lines:
            size, *gaps = [int(word) for word in line.split()]
            if w[2] == "1" and at < base <= at + size:
                new = to + (base - 1 - at)
                turned = w[9] == "-"
                new = int(w[8]) - new if turned else new + 1
                hits.append(((w[7] == "1", float(w[1]), total, -order), w[7], new, turned))
            if gaps:
                at, to = at + size + gaps[0], to + size + gaps[1]
    return sorted(hits)


@st.composite
def chain_texts(draw: st.DrawFn) -> str:
    """A few chains of chromosomes of 400 bases."""
    parts = []
    for number in range(draw(st.integers(1, 5))):
        start, to = draw(st.integers(0, 100)), draw(st.integers(0, 100))
        sizes = draw(st.lists(st.integers(1, 25), min_size=1, max_size=4))
        gaps = [(draw(st.integers(0, 9)), draw(st.integers(0, 9))) for _ in sizes[1:]]
        end, to_end = start + sum(sizes) + sum(g[0] for g in gaps), to + sum(sizes) + sum(g[1] for g in gaps)
        strand, target = draw(st.sampled_from("+-")), draw(st.sampled_from("12"))
        score = draw(st.integers(1, 3))
        head = f"chain {score} 1 400 + {start} {end} {target} 400 {strand} {to} {to_end} {number}"
        body = [f"{size} {gap[0]} {gap[1]}" for size, gap in zip(sizes, gaps, strict=False)]
        parts.append("\n".join([head, *body, str(sizes[-1])]))
    return "\n\n".join(parts) + "\n"


@settings(max_examples=60, deadline=None)
@given(text=chain_texts())
def test_it_agrees_with_a_slow_reading(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    chain = read_chain(chain_file(tmp_path_factory.mktemp("chain"), text))
    found = lift(chain, "chr1", np.arange(1, 251))
    for base in range(1, 251):
        hits = slowly(text, base)
        if not hits:
            assert found.status[base - 1] == LiftStatus.UNMAPPED
            continue
        _, name, position, turned = hits[-1]
        at = base - 1
        assert (found.names[found.chromosome[at]], found.position[at], found.reverse[at]) == (
            name,
            position,
            turned,
        )


def test_what_is_no_chain_file_is_refused(tmp_path: Path) -> None:
    for text in ("", "hello\n", "chain 1 2\n", "10 5 5\n", SMALL.replace("1000 +", "50 +")):
        with pytest.raises(ProblemError, match="no chain file"):
            read_chain(chain_file(tmp_path, text))
    packed = gzip.compress(SMALL.encode() * 50)
    (tmp_path / "cut.gz").write_bytes(packed[:-20])
    with pytest.raises(ProblemError, match="truncated"):
        read_chain(tmp_path / "cut.gz")
    with pytest.raises(ProblemError, match="cannot be read"):
        read_chain(tmp_path / "missing.gz")


@pytest.mark.parametrize(
    "text",
    [
        "chain 9 1 1000 + 0 50 1 1000 + -20 30 1\n50\n",
        "chain 9 1 1000 + 0 50 1 1000 + 20 30 1\n10 0 -40\n10\n",
        "chain nan 1 1000 + 0 50 1 1000 + 20 30 1\n50\n",
        "".join(f"chain 9 1 1000 + 0 5 t{n} 1000 + 20 25 1\n5\n" for n in range(NOWHERE)),
        "#" + "x" * 5000 + "\n" + SMALL,
    ],
    ids=["target before the first base", "gap back beyond it", "score", "chromosomes", "line"],
)
def test_places_and_numbers_that_cannot_be_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProblemError, match="no chain file"):
        read_chain(chain_file(tmp_path, text))


@pytest.mark.parametrize(("name", "most"), [("MOST_LINES", 8), ("MOST_BYTES", 150)])
def test_a_chain_file_has_a_largest_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    path = chain_file(tmp_path, SMALL, "a.chain.gz")
    assert read_chain(path).names == ("1", "7")
    monkeypatch.setattr(f"app.genotypes.liftover.{name}", most)
    with pytest.raises(ProblemError, match="no chain file"):
        read_chain(path)


def test_of_blocks_within_one_another_the_longest_counts_and_each_takes_few_bytes(tmp_path: Path) -> None:
    head = "chain {} 1 99999999 + {} {} 1 99999999 + 0 0 1\n{}\n\n"
    text = "".join(head.format(5, n, 99_000_000 - n, 99_000_000 - 2 * n) for n in range(3000))
    chain = read_chain(chain_file(tmp_path, text))
    assert place(chain, 3000) == ("1", 3000, False, LiftStatus.LIFTED)
    assert place(chain, 99_000_000) == ("1", 99_000_000, False, LiftStatus.LIFTED)
    lines = 10_000
    text = "chain 1 2 99999999 + 0 0 2 99999999 + 0 0 1\n" + "1 1 1\n" * lines + "1\n"
    path = chain_file(tmp_path, text, "long.chain.gz")
    tracemalloc.start()
    read_chain(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300 * lines


def test_the_builds_are_told_by_the_lengths() -> None:
    assert build_by_sizes({"1": 249_250_621, "HSCHR6": 7}) == "GRCh37"
    assert build_by_sizes({"1": 248_956_422, "2": 242_193_529}) == "GRCh38"
    assert build_by_sizes({"1": 248_956_422, "2": 5}) is None
    assert build_by_sizes({"MT": 16_569}) is None


def test_the_mitochondrion_is_the_same_in_both_builds_but_not_in_hg19(tmp_path: Path) -> None:
    one = "chain 1 chr1 249250621 + 0 9 chr1 248956422 + 0 9 1\n9\n\n"
    other = "chain 1 chrM 16571 + 0 9 chrM 16569 + 0 9 2\n9\n"
    chain = read_chain(chain_file(tmp_path, one + other))
    assert chain.builds == ("GRCh37", "GRCh38")
    found = lift(chain, "MT", np.array([1, 16_569, 16_571]))
    assert found.position.tolist() == [1, 16_569, 0]


@pytest.fixture(scope="module")
def chains() -> dict[str, Chain]:
    """Real chains there and back."""
    folder = shared_data("chains")
    names = ("GRCh37_to_GRCh38", "GRCh38_to_GRCh37", "NCBI36_to_GRCh37")
    return {name: read_chain(folder / f"ensembl.{name}.chain.gz") for name in names}


def test_real_arrays_go_both_ways(chains: dict[str, Chain]) -> None:
    path = shared_data("arrays", "infinium-omni2.5.v1.5.chr22_X.tsv.gz")
    lines = [line.split("\t") for line in gzip.decompress(path.read_bytes()).decode().splitlines()[1:]]
    for chromosome in ("22", "X"):
        both = np.array([row[1:3] for row in lines if row[0] == chromosome and "." not in row[1:3]], np.int64)
        there = lift(chains["GRCh38_to_GRCh37"], chromosome, both[:, 0])
        assert (there.position == both[:, 1]).all()
        back, same = round_trip(
            chains["GRCh37_to_GRCh38"], chains["GRCh38_to_GRCh37"], chromosome, both[:, 1]
        )
        assert (back.position == both[:, 0]).all()
        assert same.all()


def test_a_round_trip_notices_what_does_not_come_back(tmp_path: Path) -> None:
    there = read_chain(chain_file(tmp_path, SMALL))
    back = read_chain(
        chain_file(tmp_path, "chain 9 chr1 1200 + 10 60 chr1 1000 + 0 50 1\n50\n", "back.chain")
    )
    _, same = round_trip(there, back, "1", np.array([1, 50, 51, 205, 400]))
    assert same.tolist() == [True, True, False, False, False]


def test_real_positions_against_another_library(chains: dict[str, Chain]) -> None:
    other = pytest.importorskip("pyliftover")
    path = shared_data("chains", "ensembl.NCBI36_to_GRCh37.chain.gz")
    theirs = other.LiftOver(str(path))
    chain, dice = chains["NCBI36_to_GRCh37"], random.Random(4)
    compared = 0
    for chromosome in ("1", "8", "22", "X"):
        places = [dice.randrange(1, 150_000_000) for _ in range(1500)]
        found = lift(chain, chromosome, np.array(places))
        for n, place_ in enumerate(places):
            hits = theirs.convert_coordinate(chromosome, place_ - 1) or []
            hits = [(hit[1] + 1, hit[2] == "-") for hit in hits if hit[0].removeprefix("chr") == chromosome]
            if found.status[n] == LiftStatus.LIFTED:
                assert (found.position[n], found.reverse[n]) in hits
                compared += 1
            else:
                assert not hits
    assert compared > 3000
