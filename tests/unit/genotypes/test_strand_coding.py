"""The coding of alleles, told from made pairs and from a real array."""

import random

import numpy as np
import pytest

from app.genotypes.strand_coding import coding_of
from app.genotypes.texts import Texts
from tests.helpers.shared import shared_data

COMPLEMENT = str.maketrans("ACGT", "TGCA")
TOP = {"CT": "AG", "GT": "AC"}


def of(pairs: list[str]) -> tuple[Texts, Texts]:
    return Texts.of(pair[0] for pair in pairs), Texts.of(pair[1] for pair in pairs)


def genome(count: int, seed: int = 7) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.sample(draw.choice(["AG", "CT", "AC", "GT", "AT", "CG"]), 2)) for _ in range(count)]


def as_top(pairs: list[str]) -> list[str]:
    return [TOP.get("".join(sorted(pair)), pair) for pair in pairs]


@pytest.mark.parametrize(
    ("pairs", "kind"),
    [
        (genome(2000), "plus"),
        ([pair.lower() for pair in genome(300)], "plus"),
        (as_top(genome(300)), "top"),
        ([pair.translate(COMPLEMENT) for pair in as_top(genome(300))], "bottom"),
        (as_top(genome(800)) + genome(400, 2), "mixed"),
        (["AB", "BA"] * 50 + ["A."] * 50, "ab"),
        (["12", "21"] * 50, "12"),
        (["12", "13", "24"] * 50, "1234"),
        (["ID"] * 60, "id"),
        (as_top(genome(40)), "unknown"),
        (["AT", "CG"] * 200, "unknown"),
        (["A.", ".G", "00", "0A"] * 100, "unknown"),
        ([], "unknown"),
    ],
)
def test_kinds(pairs: list[str], kind: str) -> None:
    assert coding_of(*of(pairs)).kind == kind


def test_order_does_not_matter_and_shares_are_of_the_judged() -> None:
    coding = coding_of(*of(["AG", "GA", "CA", "TC", "AT", "GC", "A."]))
    assert (coding.share_top, coding.judged, coding.pairs) == (0.75, 4, 6)
    assert dict(coding.shares)["letters"] == 1


def test_long_alleles_tell_nothing() -> None:
    assert coding_of(Texts.of(["A", "AT"]), Texts.of(["<DEL>", "A"])).pairs == 0


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_real_array(share: float) -> None:
    lines = shared_data("impute_chr22_eur", "target.gsa_v3.bim").read_text().splitlines()
    pairs = ["".join(line.split()[4:6]) for line in lines]
    assert coding_of(*of(pairs)).kind == "plus"
    turned = as_top([pair for pair in pairs if len(pair) == 2])
    if not share:
        turned = [pair.translate(COMPLEMENT) for pair in turned]
    coding = coding_of(*of(turned))
    assert coding.kind == ("top" if share else "bottom")
    assert np.isclose(coding.share_top, share)
