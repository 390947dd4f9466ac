"""Every noun goes in and comes out as it was."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, event, select

from app.domain.job import JobState
from app.domain.panel import Population, SyncKind
from app.domain.result import ResultState
from app.domain.service import HealthState
from app.store import datasets, jobs, notices, results, services
from app.store import tables as t
from app.store.store import Store
from tests.unit.store.nouns import (
    T0,
    a_consent,
    a_dataset,
    a_form,
    a_health,
    a_job,
    a_notice,
    a_panel,
    a_result,
    a_service,
    an_event,
    at,
)


def test_services_come_back_by_name(store: Store) -> None:
    one, other = a_service(), a_service("svc-2", name="afriGen-D")

    def keep(c: Connection) -> None:
        services.save_service(c, one)
        services.save_service(c, other)
        services.save_service(c, one.model_copy(update={"state": HealthState.DOWN}))

    store.write_now(keep)
    assert store.read_now(lambda c: services.service(c, "svc-2")) == other
    assert store.read_now(lambda c: services.service(c, "svc-9")) is None
    found = store.read_now(services.services)
    assert [each.id for each in found] == ["svc-2", "svc-1"]
    assert found[1].state == HealthState.DOWN


def test_what_is_at_hand_is_a_few_of_very_many(store: Store) -> None:
    """Open jobs, late failures, results about to end; unseen or broken results and those of such jobs."""
    lately, soon = at(-60), at(60)
    ended = {"ended": at(-10)}
    made = (
        a_job("open", state=JobState.RUNNING),
        a_job("failed", state=JobState.FAILED, **ended),
        a_job("long-failed", state=JobState.FAILED, ended=at(-90)),
        a_job("ending", state=JobState.SUCCESS, expires=at(30), **ended),
        a_job("kept", state=JobState.SUCCESS, expires=at(90), **ended),
        a_job("gone", state=JobState.SUCCESS, expires=at(-5), **ended),
    )
    of_results = {"state": ResultState.VERIFIED, "seen": True}
    kept = (
        a_result("new", job_id="kept", state=ResultState.VERIFIED, seen=False),
        a_result("old", job_id="kept", **of_results),
        a_result("fetched", job_id="ending", **of_results),
        a_result("broken", job_id="gone", state=ResultState.FAILED, seen=True),
    )
    assert not store.read_now(jobs.has_jobs)

    def keep(c: Connection) -> None:
        for job in made:
            jobs.save_job(c, job)
        for result in kept:
            results.save_result(c, result)

    store.write_now(keep)
    assert store.read_now(jobs.has_jobs)
    found = store.read_now(lambda c: jobs.jobs_at_hand(c, T0, lately, soon))
    assert {j.id for j in found} == {"open", "failed", "ending"}
    mine = store.read_now(lambda c: results.results_at_hand(c, [j.id for j in found]))
    assert {r.id for r in mine} == {"new", "fetched", "broken"}


def test_a_removed_service_takes_its_health_forms_and_panels_along(store: Store) -> None:
    def keep(c: Connection) -> None:
        services.save_service(c, a_service())
        services.record_health(c, a_health())
        services.save_form(c, a_form())
        services.replace_panels(c, "svc-1", [a_panel()], T0)
        jobs.save_job(c, a_job())

    store.write_now(keep)
    store.write_now(lambda c: services.remove_service(c, "svc-1"))
    assert store.read_now(services.services) == ()
    assert store.read_now(services.panels) == ()
    assert store.read_now(services.panel_changes) == ()
    assert store.read_now(lambda c: services.forms(c, "svc-1")) == ()
    assert store.read_now(lambda c: services.health_history(c, "svc-1", 9)) == ()
    assert store.read_now(lambda c: jobs.job(c, "job-1")) == a_job()


def test_what_arrives_for_a_removed_service_is_dropped(store: Store) -> None:
    def late(c: Connection) -> None:
        services.record_health(c, a_health())
        services.save_form(c, a_form())
        assert services.replace_panels(c, "svc-1", [a_panel()], T0) == ()

    store.write_now(late)
    assert store.read_now(services.panels) == ()


def test_health_is_told_newest_first_and_old_looks_go(store: Store) -> None:
    def keep(c: Connection) -> None:
        services.save_service(c, a_service())
        for minute in range(5):
            services.record_health(c, a_health(minute))

    store.write_now(keep)
    history = store.read_now(lambda c: services.health_history(c, "svc-1", 3))
    assert history == (a_health(4), a_health(3), a_health(2))
    late = a_health(0, at=T0 + services.HEALTH_KEPT + timedelta(minutes=3))
    store.write_now(lambda c: services.record_health(c, late))
    assert len(store.read_now(lambda c: services.health_history(c, "svc-1", 99))) == 3


def test_forms_are_kept_by_application(store: Store) -> None:
    first, second = a_form(), a_form(app_id="another@1")

    def keep(c: Connection) -> None:
        services.save_service(c, a_service())
        for each in (first, second, first):
            services.save_form(c, each)

    store.write_now(keep)
    assert store.read_now(lambda c: services.form(c, "svc-1", first.form.app_id)) == first
    assert store.read_now(lambda c: services.form(c, "svc-1", "none")) is None
    assert store.read_now(lambda c: services.forms(c, "svc-1")) == (second, first)


def test_panels_are_compared_with_the_last_look(store: Store) -> None:
    old, gone = a_panel(), a_panel("apps@old", name="Old")
    store.write_now(lambda c: services.save_service(c, a_service()))
    first = store.write_now(lambda c: services.replace_panels(c, "svc-1", [old, gone], T0))
    assert [(x.kind, x.panel_id, x.what) for x in first] == [
        (SyncKind.ADDED, "apps@hapmap-2", "populations: EUR, AFR"),
        (SyncKind.ADDED, "apps@old", "populations: EUR, AFR"),
    ]
    people = (Population(id="eur", name="EUR"), Population(id="eas", name="EAS"))
    new = old.model_copy(update={"name": "HapMap II", "populations": people, "samples": None, "as_of": at(9)})
    added = a_panel("apps@new", name="New", populations=())
    second = store.write_now(lambda c: services.replace_panels(c, "svc-1", [new, added], at(9)))
    assert [(x.kind, x.panel_id, x.what) for x in second] == [
        (SyncKind.ADDED, "apps@new", ""),
        (
            SyncKind.CHANGED,
            "apps@hapmap-2",
            "populations: + EAS, − AFR; name: HapMap 2 → HapMap II; samples: 60 → none",
        ),
        (SyncKind.REMOVED, "apps@old", ""),
    ]
    assert store.read_now(services.panels) == (new, added)
    assert store.read_now(lambda c: services.panel(c, "svc-1", "apps@new")) == added
    assert store.read_now(lambda c: services.panel(c, "svc-1", "apps@old")) is None
    history = store.read_now(lambda c: services.panel_changes(c, "svc-1"))
    assert history == tuple(reversed(second)) + tuple(reversed(first))
    assert store.read_now(lambda c: c.scalar(select(t.services.c.panels))) == 2


def test_a_look_that_finds_the_same_panels_tells_nothing(store: Store) -> None:
    store.write_now(lambda c: services.save_service(c, a_service()))
    store.write_now(lambda c: services.replace_panels(c, "svc-1", [a_panel()], T0))
    later = a_panel(as_of=at(60))
    assert store.write_now(lambda c: services.replace_panels(c, "svc-1", [later], at(60))) == ()
    assert store.read_now(services.panels) == (later,)


def test_the_same_panel_may_be_offered_by_two_applications(store: Store) -> None:
    both = [a_panel(), a_panel(app_id="imputationserver2@2.1")]
    store.write_now(lambda c: services.save_service(c, a_service()))
    assert len(store.write_now(lambda c: services.replace_panels(c, "svc-1", both, T0))) == 2
    assert store.read_now(lambda c: services.panel(c, "svc-1", "apps@hapmap-2")) == both[1]
    old = store.read_now(lambda c: services.panel(c, "svc-1", "apps@hapmap-2", both[0].app_id))
    assert old == both[0]


def test_a_population_renamed_only_in_its_id_is_a_change(store: Store) -> None:
    moved = a_panel(populations=(Population(id="EUR", name="EUR"), Population(id="afr", name="AFR")))
    store.write_now(lambda c: services.save_service(c, a_service()))
    store.write_now(lambda c: services.replace_panels(c, "svc-1", [a_panel()], T0))
    changes = store.write_now(lambda c: services.replace_panels(c, "svc-1", [moved], at(1)))
    assert [x.what for x in changes] == ["populations: EUR (EUR), AFR (afr)"]


def test_datasets_come_back(store: Store) -> None:
    unchecked = a_dataset("data-2", report=None, checked=None, added=at(5))
    for each in (a_dataset(), unchecked):
        store.write_now(partial(datasets.save_dataset, dataset=each))
    assert store.read_now(datasets.datasets) == (unchecked, a_dataset())
    assert store.read_now(lambda c: datasets.dataset(c, "data-1")) == a_dataset()
    names = store.read_now(datasets.dataset_names)
    assert names == tuple((each.name, each.id) for each in (unchecked, a_dataset()))
    store.write_now(lambda c: datasets.remove_dataset(c, "data-1"))
    assert store.read_now(datasets.datasets) == (unchecked,)


def test_jobs_come_back_newest_first_and_by_state(store: Store) -> None:
    old = a_job()
    ended = a_job("job-2", state=JobState.SUCCESS, created=at(1), service_id="svc-2")
    draft = a_job("job-3", state=JobState.PREPARING, created=at(2), remote_id=None, problem=None)
    for each in (old, draft, ended):
        store.write_now(partial(jobs.save_job, job=each))
    assert store.read_now(jobs.jobs) == (draft, ended, old)
    assert store.read_now(jobs.open_jobs) == (draft, old)
    assert store.read_now(lambda c: jobs.jobs(c, {JobState.SUCCESS})) == (ended,)
    assert store.read_now(lambda c: jobs.jobs(c, service_id="svc-2")) == (ended,)
    assert store.read_now(lambda c: jobs.jobs(c, states=())) == ()
    store.write_now(lambda c: jobs.save_job(c, old.model_copy(update={"state": JobState.FAILED})))
    assert store.read_now(jobs.open_jobs) == (draft,)


def test_a_job_shows_the_name_of_its_service_also_after_both_changed(store: Store) -> None:
    def shown() -> list[tuple[str, str]]:
        query = select(t.jobs.c.service, t.jobs.c.search)
        return [tuple(row) for row in store.read_now(lambda c: c.execute(query).all())]

    store.write_now(lambda c: services.save_service(c, a_service()))
    store.write_now(lambda c: jobs.save_job(c, a_job()))
    assert shown()[0][0] == "Michigan"
    store.write_now(lambda c: services.save_service(c, a_service(name="Ann Arbor")))
    store.write_now(lambda c: services.remove_service(c, "svc-1"))
    store.write_now(lambda c: jobs.save_job(c, a_job(progress=0.5)))
    ((name, search),) = shown()
    assert name == "Ann Arbor"
    assert "ann arbor" in search


def test_all_jobs_of_a_renamed_service_follow_it_in_two_statements(store: Store) -> None:
    store.write_now(lambda c: services.save_service(c, a_service()))
    for number in range(5):
        store.write_now(partial(jobs.save_job, job=a_job(f"job-{number}")))

    def renamed(c: Connection) -> int:
        told: list[str] = []
        event.listen(c, "before_cursor_execute", lambda *args: told.append(args[2]))
        jobs.follow_name(c, "svc-1", "Ann Arbor")
        jobs.follow_name(c, "svc-1", "Ann Arbor")
        return sum(text.startswith("UPDATE") for text in told)

    assert store.write_now(renamed) == 2
    query = select(t.jobs.c.service, t.jobs.c.service_key, t.jobs.c.search)
    for row in store.read_now(lambda c: c.execute(query).all()):
        assert row[:2] == ("Ann Arbor", "ann arbor")
        assert "ann arbor" in row.search
        assert "michigan" not in row.search


def test_the_timeline_is_told_by_job_service_and_dataset(store: Store) -> None:
    lines = [an_event(n) for n in range(3)] + [
        an_event(9, job_id=None, service_id="svc-1", dataset_id="data-1")
    ]
    for line in lines:
        store.write_now(partial(jobs.add_event, event=line))
    assert store.read_now(jobs.events) == tuple(reversed(lines))
    assert store.read_now(lambda c: jobs.events(c, limit=1)) == (lines[3],)
    assert store.read_now(lambda c: jobs.events(c, job_id="job-1")) == tuple(reversed(lines[:3]))
    assert store.read_now(lambda c: jobs.events(c, service_id="svc-1", dataset_id="data-1")) == (lines[3],)


def test_a_forgotten_job_leaves_what_was_consented_to(store: Store) -> None:
    def keep(c: Connection) -> None:
        jobs.save_job(c, a_job())
        jobs.add_event(c, an_event())
        jobs.save_consent(c, a_consent())

    store.write_now(keep)
    store.write_now(lambda c: jobs.remove_job(c, "job-1"))
    assert store.read_now(lambda c: jobs.job(c, "job-1")) is None
    assert store.read_now(jobs.events) == ()
    assert store.read_now(lambda c: jobs.consents(c, "job-1")) == (a_consent(),)


def test_results_come_back(store: Store) -> None:
    newer = a_result("res-2", started=at(5), quality=None)

    def keep(c: Connection) -> None:
        jobs.save_job(c, a_job())
        results.save_result(c, a_result())
        results.save_result(c, newer)

    store.write_now(keep)
    assert store.read_now(results.results) == (newer, a_result())
    assert store.read_now(lambda c: results.result(c, "res-1")) == a_result()
    assert store.read_now(lambda c: results.result_of_job(c, "job-1")) == newer
    assert store.read_now(lambda c: results.result_of_job(c, "job-9")) is None
    mean = store.read_now(lambda c: c.scalar(select(t.results.c.mean_r2).where(t.results.c.id == "res-1")))
    assert mean == pytest.approx(0.7)


def test_a_thing_is_told_once(store: Store) -> None:
    again = a_notice("note-2", key=a_notice().key, title="Done again")
    assert store.write_now(lambda c: notices.add_notice(c, a_notice()))
    assert not store.write_now(lambda c: notices.add_notice(c, again))
    later = a_notice("note-3", at=at(5))
    store.write_now(lambda c: notices.add_notice(c, later))
    assert store.read_now(notices.unsent) == (a_notice(), later)
    assert store.write_now(lambda c: notices.claim(c, ["note-1"], at(6))) == ("note-1",)
    assert store.read_now(notices.unsent) == (later,)
    store.write_now(lambda c: notices.mark_seen(c, ["note-1", "note-9"]))
    seen = a_notice(sent=at(6), seen=True)
    assert store.read_now(lambda c: notices.recent(c, 9)) == (later, seen)
    assert store.read_now(lambda c: notices.recent(c, 1)) == (later,)
