"""The people of a dataset as rows: filtering, sorting, what stands out."""

from __future__ import annotations

import asyncio

import pytest

from app.genotypes.figures import Figures
from app.ui.models.listed import Listed
from app.ui.models.query import TableQuery
from app.ui.views.uploads.people_drawings import pair_rows
from app.ui.views.uploads.people_rows import KEYS, people_columns, people_rows
from tests.ui import cohorts


def found(source: Listed, words: str = "", sort: str = "", descending: bool | None = None) -> list[str]:
    return list(asyncio.run(source.ids(TableQuery(words, sort, descending))))


@pytest.fixture
def source() -> Listed:
    made = Listed(("id", "name", "rate", "kind"))
    made.set_rows([("0", "Ada", 0.9, "AFR"), ("1", "Bo", None, "EUR"), ("2", "Cy", 0.5, "EUR")])
    return made


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("", ["0", "1", "2"]),
        ("ada", ["0"]),
        ("kind:eur", ["1", "2"]),
        ("kind:eur rate<0.6", ["2"]),
        ("rate>=0.9", ["0"]),
        ("rate<=0.5", ["2"]),
        ("rate>0.9", []),
        ("rate<", ["0", "1", "2"]),
        ("zebra", []),
    ],
)
def test_rows_are_found_by_words_and_numbers(source: Listed, words: str, ids: list[str]) -> None:
    assert found(source, words) == ids


def test_what_is_not_known_comes_last(source: Listed) -> None:
    assert found(source, sort="rate") == ["2", "0", "1"]
    assert found(source, sort="rate", descending=True) == ["0", "2", "1"]
    source.only = {"1"}
    assert found(source) == ["1"]


def test_notes_say_what_stands_out() -> None:
    rows = {row[1]: dict(zip(KEYS, row, strict=True)) for row in people_rows(cohorts.figures())}
    notes = {name: row["notes"] for name, row in rows.items() if row["notes"]}
    assert notes == {
        "HD00002": "low call rate, costs chunks",
        "HD00005": "low call rate",
        "HD00007": "heterozygosity",
        "HD00008": "duplicate",
        "HD00009": "duplicate",
        "HD00011": "sex",
    }
    assert rows["HD00002"]["call_rate"] == 62.0
    assert rows["HD00002"]["low_chunks"] == 2
    assert rows["HD00008"]["kin"] == 1
    assert rows["HD00004"]["ancestry"] == "uncertain"
    assert len(people_columns()) == len(KEYS) - 1


def test_people_of_a_dataset_without_figures() -> None:
    assert people_rows(Figures()) == []
    bare = Figures(samples=cohorts.figures(3 + 45).samples)
    rows = people_rows(bare)
    assert rows[0][1:] == ("HD00000", "", None, None, None, "–", "–", "", None, None, None)


def test_related_pairs_come_closest_first() -> None:
    pairs = pair_rows(cohorts.figures())
    assert [p[3] for p in pairs] == [
        "the same person or twins",
        "parent, child or sibling",
        "second degree",
    ]


def test_many_people_are_filtered_and_sorted() -> None:
    source = Listed(KEYS)
    source.set_rows(people_rows(cohorts.figures(10_000)))
    some = found(source, "ancestry:AFR call_rate<99", "call_rate")
    assert 0 < len(some) < 10_000
    rates = [row[KEYS.index("call_rate")] for row in asyncio.run(source.rows(some)).values()]
    assert rates == sorted(rates)
