"""Sorting, filtering and counting in SQL."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from app.domain.changes import Noun
from app.domain.dataset import DatasetState
from app.domain.job import JobState
from app.store import datasets, jobs, pages, results, services
from app.store.pages import COLUMNS, TableQuery
from app.store.store import Store
from tests.unit.store.nouns import (
    T0,
    a_dataset,
    a_job,
    a_panel,
    a_result,
    a_service,
    an_event,
    at,
    fill_jobs,
)

MANY = 100_000


def _ids(
    store: Store, noun: Noun, typed: str = "", sort: str = "", descending: bool | None = None
) -> list[str]:
    query = TableQuery.parse(noun, typed, sort, descending)
    found = store.read_now(lambda c: pages.ids(c, noun, query))
    assert store.read_now(lambda c: pages.count(c, noun, query)) == len(found)
    return found


def _three_jobs(c: Connection) -> None:
    services.save_service(c, a_service())
    services.save_service(c, a_service("svc-2", name="TOPMed"))
    jobs.save_job(c, a_job("job-a", name="Kidney", progress=None, problem=None))
    jobs.save_job(
        c, a_job("job-b", name="bone 100%", created=at(1), service_id="svc-2", state=JobState.FAILED)
    )
    jobs.save_job(c, a_job("job-c", name="Ärzte", created=at(2), progress=0.9, state=JobState.SUCCESS))


@pytest.fixture
def filled(store: Store) -> Store:
    store.write_now(_three_jobs)
    return store


def test_jobs_come_newest_first_unless_asked_otherwise(filled: Store) -> None:
    assert _ids(filled, Noun.JOB) == ["job-c", "job-b", "job-a"]
    assert _ids(filled, Noun.JOB, descending=False) == ["job-a", "job-b", "job-c"]
    assert _ids(filled, Noun.JOB, sort="no such column") == ["job-c", "job-b", "job-a"]


def test_names_sort_without_regard_to_case(filled: Store) -> None:
    assert _ids(filled, Noun.JOB, sort="name") == ["job-b", "job-a", "job-c"]
    assert _ids(filled, Noun.JOB, sort="name", descending=True) == ["job-c", "job-a", "job-b"]


def test_empty_cells_are_lowest(filled: Store) -> None:
    assert _ids(filled, Noun.JOB, sort="progress") == ["job-a", "job-b", "job-c"]
    assert _ids(filled, Noun.JOB, sort="progress", descending=True) == ["job-c", "job-b", "job-a"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("state:failed", ["job-b"]),
        ("state:failed state:success", ["job-c", "job-b"]),
        ("state:failed service:svc-1", []),
        ("service:topmed", ["job-b"]),
        ("service:svc-1", ["job-c", "job-a"]),
        ("service:MICH state:running", ["job-a"]),
        ("ärz", ["job-c"]),
        ("topmed", ["job-b"]),
        ("KIDNEY michigan", ["job-a"]),
        ("100%", ["job-b"]),
        ("%", ["job-b"]),
        ("_", []),
        ("name:bone", ["job-b"]),
        ("id:job-a", ["job-a"]),
        ("raw_state:2 problem:busy", ["job-c", "job-b"]),
        ("created:yesterday", []),
        ("nothing:here", []),
        ("remote_id:remote-job-c", ["job-c"]),
        ("group:grp-1 dataset:data-1 kidney", ["job-a"]),
    ],
)
def test_what_a_person_types_finds_rows(filled: Store, typed: str, expected: list[str]) -> None:
    assert _ids(filled, Noun.JOB, typed) == expected
    assert _ids(filled, Noun.JOB, typed, "name")[::-1] == _ids(filled, Noun.JOB, typed, "name", True)


def test_rows_hold_the_columns_in_order(filled: Store) -> None:
    rows = filled.read_now(lambda c: pages.rows(c, Noun.JOB, ["job-b", "gone", "job-a"]))
    assert set(rows) == {"job-a", "job-b"}
    row = dict(zip(COLUMNS[Noun.JOB], rows["job-b"], strict=True))
    assert row["name"] == "bone 100%"
    assert row["service"] == "TOPMed"
    assert row["state"] == "failed"
    assert row["created"] == at(1)
    assert row["size"] == 2041
    assert row["ended"] is None


def test_every_noun_can_be_shown_sorted_and_filtered(store: Store) -> None:
    def keep(c: Connection) -> None:
        _three_jobs(c)
        services.replace_panels(c, "svc-1", [a_panel(), a_panel("apps@b", name="B", build=None)], T0)
        datasets.save_dataset(c, a_dataset())
        datasets.save_dataset(c, a_dataset("data-2", report=None, state=DatasetState.NEW, added=at(1)))
        results.save_result(c, a_result(job_id="job-a"))
        jobs.add_event(c, an_event(0, job_id="job-a", service_id="svc-1", dataset_id="data-1"))
        jobs.add_event(c, an_event(1, job_id=None, kind="consent"))

    store.write_now(keep)
    for noun, columns in COLUMNS.items():
        found = _ids(store, Noun(noun))
        assert found
        rows = store.read_now(partial(pages.rows, noun=noun, wanted=found))
        assert set(rows) == set(found)
        assert all(len(row) == len(columns) for row in rows.values())
        for column in columns:
            assert sorted(_ids(store, Noun(noun), sort=column)) == sorted(found)
            _ids(store, Noun(noun), f"{column}:x")


def test_the_timeline_shows_names(store: Store) -> None:
    def keep(c: Connection) -> None:
        _three_jobs(c)
        datasets.save_dataset(c, a_dataset())
        jobs.add_event(c, an_event(0, job_id="job-a", service_id="svc-2", dataset_id="data-1"))
        jobs.add_event(c, an_event(1, job_id="job-gone", service_id=None, text="Odd"))

    store.write_now(keep)
    newest, oldest = _ids(store, Noun.EVENT)
    rows = store.read_now(lambda c: pages.rows(c, Noun.EVENT, [newest, oldest]))
    names = [dict(zip(COLUMNS[Noun.EVENT], rows[each], strict=True)) for each in (newest, oldest)]
    assert [(n["job"], n["service"], n["dataset"]) for n in names] == [
        ("", "", ""),
        ("Kidney", "TOPMed", "Höhe cohort"),
    ]
    assert _ids(store, Noun.EVENT, "job:job-a service:topmed") == [oldest]
    assert _ids(store, Noun.EVENT, "odd kind:request") == [newest]


def test_panels_and_datasets_are_found_by_their_figures(store: Store) -> None:
    def keep(c: Connection) -> None:
        services.save_service(c, a_service())
        services.replace_panels(c, "svc-1", [a_panel(), a_panel("apps@b", name="B", build=None)], T0)
        datasets.save_dataset(c, a_dataset())

    store.write_now(keep)
    assert _ids(store, Noun.PANEL, "build:GRCh37 service:michigan") == [a_panel().key]
    assert _ids(store, Noun.PANEL, "samples:60") == [a_panel("apps@b").key, a_panel().key]
    assert _ids(store, Noun.DATASET, "build:GRCh37 chr21 accepted:no severe:1") == ["data-1"]
    assert _ids(store, Noun.DATASET, "accepted:yes") == []
    assert _ids(store, Noun.SERVICE, "enabled:yes practice:no token_present:true") == ["svc-1"]


def test_a_row_of_the_service_counts_its_panels(store: Store) -> None:
    def keep(c: Connection) -> None:
        services.save_service(c, a_service())
        services.replace_panels(c, "svc-1", [a_panel()], T0)
        services.save_service(c, a_service(name="New"))

    store.write_now(keep)
    row = store.read_now(lambda c: pages.rows(c, Noun.SERVICE, ["svc-1"]))["svc-1"]
    assert dict(zip(COLUMNS[Noun.SERVICE], row, strict=True))["panels"] == 1


def test_many_jobs_come_with_their_documents(store: Store) -> None:
    store.write_now(lambda c: fill_jobs(c, 30))
    found = store.read_now(jobs.jobs)
    assert [each.id for each in found] == _ids(store, Noun.JOB)
    assert found[0].name == f"Study {29 * 7919 % 30}"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("many") / "haplodesk.db"
    with Store.open(path) as opened:
        opened.write_now(lambda c: fill_jobs(c, MANY, documents=False))
        yield opened


def _best_ms(call: Callable[[], object]) -> float:
    """Milliseconds of computing in this process: a busy machine makes a call long, not more to compute."""
    times = []
    for _ in range(5):
        began = time.process_time()
        call()
        times.append((time.process_time() - began) * 1000)
    return min(times)


def _plan(store: Store, query: TableQuery) -> str:
    """How SQLite would find the ids of jobs."""

    def ask(c: Connection) -> str:
        question = pages.ordered_ids(c, Noun.JOB, query).compile(c, compile_kwargs={"literal_binds": True})
        return " | ".join(row[3] for row in c.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}"))

    return store.read_now(ask)


INDEXED = [
    *("created", "name", "state", "service", "panel", "size", "progress", "problem"),
    *("submitted", "started", "ended", "expires", "group_id", "dataset_id"),
]


@pytest.mark.parametrize("sort", INDEXED)
@pytest.mark.parametrize("down", [True, False])
def test_ids_in_order_come_out_of_the_index_alone(store: Store, sort: str, down: bool) -> None:
    plan = _plan(store, TableQuery(sort=sort, descending=down))
    assert "COVERING INDEX" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("term", [("state", "failed"), ("service", "svc-1")])
def test_filters_are_answered_by_an_index(store: Store, term: tuple[str, str]) -> None:
    plan = _plan(store, TableQuery(terms=(term,)))
    assert "SEARCH jobs USING COVERING INDEX" in plan or "MULTI-INDEX OR" in plan


@pytest.mark.slow
@pytest.mark.parametrize("sort", ["created", "name"])
def test_the_ids_of_many_rows_come_fast(many: Store, sort: str) -> None:
    query = TableQuery(sort=sort, descending=True)
    assert len(many.read_now(lambda c: pages.ids(c, Noun.JOB, query))) == MANY
    # 50 to 60 ms on two shared cores; the bound only catches what is out of proportion
    assert _best_ms(lambda: many.read_now(lambda c: pages.ids(c, Noun.JOB, query))) < 500


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "expected"),
    [("state:failed", MANY // 5), ("service:svc-3", 14286), ("study 4242", 40), ("nowhere", 0)],
)
def test_many_rows_are_filtered_fast(many: Store, typed: str, expected: int) -> None:
    query = TableQuery.parse(Noun.JOB, typed)
    found = many.read_now(lambda c: pages.ids(c, Noun.JOB, query))
    assert len(found) == expected
    assert _best_ms(lambda: many.read_now(lambda c: pages.ids(c, Noun.JOB, query))) < 800
    assert many.read_now(lambda c: pages.count(c, Noun.JOB, query)) == expected


@pytest.mark.slow
def test_a_page_of_many_rows_comes_fast(many: Store) -> None:
    found = many.read_now(lambda c: pages.ids(c, Noun.JOB))
    created = COLUMNS[Noun.JOB].index("created")
    page = found[50_000:50_200]
    rows = many.read_now(lambda c: pages.rows(c, Noun.JOB, page))
    cells = [rows[each][created] for each in page]
    times = [cell for cell in cells if isinstance(cell, datetime)]
    assert len(times) == 200
    assert times == sorted(times, reverse=True)
    assert _best_ms(lambda: many.read_now(lambda c: pages.rows(c, Noun.JOB, page))) < 300


def test_panels_are_filtered_by_ancestry_and_by_access_with_blanks(store: Store) -> None:
    both = a_panel(ancestry=("European", "East Asian"), access="open to users")
    one = a_panel("apps@b", name="B", ancestry=("African",), access="after application")

    def fill(c: Connection) -> None:
        services.save_service(c, a_service())
        services.replace_panels(c, "svc-1", [both, one], T0)

    store.write_now(fill)
    assert _ids(store, Noun.PANEL, 'ancestry:"East Asian"') == [both.key]
    assert _ids(store, Noun.PANEL, "ancestry:african") == [one.key]
    assert _ids(store, Noun.PANEL, 'access:"open to users" hapmap') == [both.key]
    assert _ids(store, Noun.PANEL, "ancestry:African ancestry:European") == [one.key, both.key]
    assert _ids(store, Noun.PANEL, 'access:"') == []  # half typed: a word that no panel has
