"""How far a service is from here, by the towns of the time zones.

`resources/places.json` holds, for each time zone, its country and the place of its town in degrees. Source:
the table `zone.tab` of the tz database, which is in the public domain.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt

from app.domain.resources import resource

EARTH_KM = 6371.0
Place = tuple[float, float]
"""Degrees north and east."""


@functools.cache
def _zones() -> dict[str, tuple[str, Place]]:
    found = json.loads(resource("places.json").read_text("utf-8"))
    return {
        str(zone): (str(code), (float(north), float(east))) for zone, (code, north, east) in found.items()
    }


def place_of_zone(zone: str) -> Place | None:
    """Where the town of a time zone is, such as “Africa/Johannesburg”; None for UTC and the like."""
    found = _zones().get(zone)
    return found[1] if found is not None else None


def distance_km(here: Place | None, countries: Iterable[str]) -> float | None:
    """The way to the nearest town of the nearest of these countries, over ground; None when not known."""
    if here is None:
        return None
    wanted = {each.upper() for each in countries}
    ways = [_way(here, there) for code, there in _zones().values() if code in wanted]
    return min(ways, default=None)


def _way(a: Place, b: Place) -> float:
    """The haversine formula, in kilometres."""
    north, east = radians(b[0] - a[0]), radians(b[1] - a[1])
    half = sin(north / 2) ** 2 + cos(radians(a[0])) * cos(radians(b[0])) * sin(east / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))
