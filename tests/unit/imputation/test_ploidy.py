"""Who is a man with two alleles, from the genotypes of X alone."""

import numpy as np

from app.genotypes.matrix import ABSENT, MISSING
from app.imputation.ploidy import XCalls, with_one_allele

MEGABASE = 1_000_000


def men(megabases: int, het_of_man: int = 0, chance: float = 0.5, once: bool = False) -> list[bool]:
    """A man, a woman and an inbred woman with half of the heterozygous genotypes; 8 sites a megabase."""
    sites = 8 * megabases
    places = [(n * MEGABASE // 8 + 1, "A", "C") for n in range(sites)]
    calls = XCalls(3, dict.fromkeys(places, chance))
    for n, site in enumerate(places):
        one = [1, ABSENT] if once and n == 0 else [1, 0] if n < het_of_man else [1, 1]
        cells = [*one, n % 2, 1, n % 4 // 3, 1]
        calls.note(site, np.array(cells, dtype=np.int8))
    return [bool(each) for each in calls.men]


def test_a_man_is_known_from_many_megabases() -> None:
    assert men(30) == [True, False, False]
    assert men(30, het_of_man=4) == [True, False, False]  # wrong calls of a chip
    assert men(30, het_of_man=20) == [False, False, False]


def test_one_stretch_or_rare_sites_tell_nothing() -> None:
    assert men(10) == [False, False, False]
    assert men(30, chance=0.01) == [False, False, False]


def test_who_has_one_allele_somewhere_is_a_man_everywhere() -> None:
    assert men(2, once=True) == [True, False, False]


def test_a_heterozygous_call_of_a_man_is_none() -> None:
    row = np.array([0, 1, 1, 1, 0, 1, MISSING, MISSING, 1, ABSENT], dtype=np.int8)
    turned = with_one_allele(row, np.array([True, True, False, True, True]))
    assert turned.tolist() == [MISSING, ABSENT, 1, ABSENT, 0, 1, MISSING, ABSENT, 1, ABSENT]
