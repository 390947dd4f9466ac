"""Favourites are kept in the store, by panel and not by version."""

from __future__ import annotations

import asyncio

import pytest

from app.operations.desk import Desk
from app.operations.favourite_panels import favourite_panels, mark_panels, without_versions

HRC = "michigan/imputationserver2@2.0.12/apps@hrc-r1.1@2.0.0"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (HRC, "michigan/imputationserver2/apps@hrc-r1.1"),
        ("s/a/apps@1000g-phase-3-v5@v2", "s/a/apps@1000g-phase-3-v5"),
        ("s/a/apps@hapmap", "s/a/apps@hapmap"),
    ],
)
def test_a_key_without_versions(key: str, name: str) -> None:
    assert without_versions(key) == name


def test_a_mark_outlives_a_new_version_and_can_be_taken_back(desk: Desk) -> None:
    assert asyncio.run(favourite_panels(desk)) == frozenset()
    asyncio.run(mark_panels(desk, (HRC, "s/a/p"), favourite=True))
    newer = without_versions(HRC.replace("2.0.0", "3.1.0"))
    assert newer in asyncio.run(favourite_panels(desk))
    asyncio.run(mark_panels(desk, (HRC,), favourite=False))
    assert asyncio.run(favourite_panels(desk)) == frozenset({"s/a/p"})
