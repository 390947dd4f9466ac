"""Sex by the X chromosome between its PARs, and by Y where the file has it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import FEMALE, MALE, UNKNOWN
from app.genotypes.people.tally import Tally

FEMALE_BELOW, MALE_ABOVE = 0.5, 0.8
MIN_SITES = 20
_SURE = 7.0  # natural logarithm of 1,000 to 1
_Y_MALE, _Y_FEMALE = 0.7, 0.3
_MIN_Y = 10
_HAPLOID = 0.95  # share of calls on X that are written with one allele


def sex_of(tally: Tally) -> NDArray[np.uint8] | None:
    """MALE, FEMALE or UNKNOWN (unclear) of each sample, None when X (and Y) have too few sites.

    By F on X (below 0.5 a woman, as mixed populations raise F; above 0.8 a man), with the spread of F by
    chance where sites are few, and only where the calls are a thousand times more likely for one sex. Where
    they do not tell, as with one person, calls of one allele make a man. Y calls of someone who looks like a
    woman, or none of a man, make it unclear.
    """
    if tally.x_sites < MIN_SITES:
        return _by_y(tally)
    f, called = tally.x_f, tally.x_called
    spread = np.sqrt(tally.x_spread) / np.maximum(tally.x_expected_het, 1e-9)
    result = np.full(tally.samples, UNKNOWN, np.uint8)
    enough = called >= MIN_SITES
    result[enough & (tally.x_for_female > _SURE) & (f < np.maximum(FEMALE_BELOW, 3 * spread))] = FEMALE
    result[enough & (tally.x_for_female < -_SURE) & (f > MALE_ABOVE)] = MALE
    result[(result == UNKNOWN) & enough & (tally.x_haploid >= _HAPLOID * called)] = MALE
    if tally.y_sites >= _MIN_Y and _tells(tally):
        rate = tally.y_called / tally.y_sites
        result[(result == MALE) & (rate < _Y_FEMALE)] = UNKNOWN
        result[(result == FEMALE) & (rate > _Y_MALE)] = UNKNOWN
    return result


def _tells(tally: Tally) -> bool:
    """Whether Y is called for some and not for others, as real data of both sexes are."""
    rate = tally.y_called / max(1, tally.y_sites)
    return bool((rate < _Y_FEMALE).any() and (rate > _Y_MALE).any())


def _by_y(tally: Tally) -> NDArray[np.uint8] | None:
    if tally.y_sites < _MIN_Y or not _tells(tally):
        return None
    rate = tally.y_called / tally.y_sites
    result = np.full(tally.samples, UNKNOWN, np.uint8)
    result[rate > _Y_MALE] = MALE
    result[rate < _Y_FEMALE] = FEMALE
    return result
