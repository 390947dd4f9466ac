"""Random numbers that depend on what they are for, not on how many were drawn before (SplitMix64).

Source: Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]


def mixed(numbers: Keys) -> Keys:
    """A well mixed number for each."""
    z = numbers + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)


def key_of(seed: int, people: NDArray[np.intp]) -> Keys:
    """The key of each person in a pass."""
    return mixed(np.uint64(seed) ^ mixed(people.astype(np.uint64) + np.uint64(1)))


def uniform(keys: Keys, at: int | Keys) -> NDArray[np.float64]:
    """From 0 to below 1, for a place."""
    places = np.asarray(at, dtype=np.uint64).reshape(-1)
    return (mixed(keys ^ mixed(places)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
