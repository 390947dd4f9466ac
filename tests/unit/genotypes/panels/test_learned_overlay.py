"""The server's own word of a panel's alleles wins over a list; all other sites stay as they are."""

from __future__ import annotations

import numpy as np

from app.genotypes.panels.learned_overlay import LearnedOverlay, overlaid
from app.genotypes.site_table import NO_FREQUENCY, SiteTable, table_of

ROWS = [(10, "A", "G"), (20, "C", "T"), (20, "C", "A"), (30, "AT", "A"), (40, "G", "GC")]


def table() -> SiteTable:
    plain = table_of(ROWS)
    frequency, rs = np.arange(1, 6, dtype=np.uint16), np.arange(11, 16, dtype=np.uint32)
    return SiteTable(plain.position, plain.code, frequency, rs, plain.others)


def listed(found: SiteTable) -> list[tuple[int, str, str]]:
    return [(int(p), *found.alleles(row)) for row, p in enumerate(found.position)]


def test_nothing_new_changes_nothing() -> None:
    here = table()
    assert overlaid(here, [(10, "A", "G"), (20, "C", "A"), (30, "AT", "A")]) is here


def test_other_alleles_take_the_place_and_new_sites_are_added() -> None:
    found = overlaid(table(), [(10, "A", "T"), (20, "C", "CAA"), (25, "G", "T"), (5, "T", "TA")])
    assert listed(found) == [
        (5, "T", "TA"),
        (10, "A", "T"),
        (20, "C", "CAA"),
        (25, "G", "T"),
        (30, "AT", "A"),
        (40, "G", "GC"),
    ]
    assert found.frequency is not None
    assert found.frequency.tolist() == [NO_FREQUENCY] * 4 + [4, 5]
    assert found.rs is not None
    assert found.rs.tolist() == [0, 0, 0, 0, 14, 15]
    assert dict(found.others) == {0: ("T", "TA"), 2: ("C", "CAA"), 4: ("AT", "A"), 5: ("G", "GC")}


def test_only_chromosomes_of_the_list_are_there() -> None:
    overlay = LearnedOverlay({"1": table()}.get, {"1": [(10, "A", "C")], "2": [(1, "A", "C")]})
    assert overlay.table("2") is None
    found = overlay.table("1")
    assert found is not None
    assert found.at(10) == [("A", "C")]
    assert overlay.table("1") is found
