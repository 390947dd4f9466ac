"""Backups are made from a database in use, verified, and put back without losing what was there."""

import json
import sqlite3
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from app.domain.problem import ProblemError
from app.domain.settings import DataRules, Settings
from app.store import backup, jobs, settings
from app.store.store import Store
from tests.unit.store.nouns import a_job, an_event


def test_a_backup_of_a_database_in_use_has_the_freshest_rows(tmp_path: Path) -> None:
    source, target = tmp_path / "a.db", tmp_path / "kept" / "b.db"
    with Store.open(source) as store:
        store.write_now(lambda c: jobs.save_job(c, a_job()))
        facts = backup.make(source, target)
        assert facts == backup.verify(target)
        assert facts.counts == {"services": 0, "datasets": 0, "jobs": 1, "results": 0}
        assert facts.size == target.stat().st_size
        assert [each.name for each in target.parent.iterdir()] == ["b.db"]


def test_a_backup_while_others_write_is_sound(tmp_path: Path) -> None:
    stop = threading.Event()

    def write(store: Store) -> None:
        number = 0
        while not stop.is_set():
            store.write_now(partial(jobs.add_event, event=an_event(number, text="x" * 2000)))
            number += 1

    with Store.open(tmp_path / "a.db") as store:
        writer = threading.Thread(target=write, args=(store,))
        writer.start()
        try:
            for number in range(3):
                backup.make(tmp_path / "a.db", tmp_path / f"b{number}.db")
        finally:
            stop.set()
            writer.join()


def test_a_restored_backup_takes_the_place_and_the_old_file_stays_beside(tmp_path: Path) -> None:
    path, file = tmp_path / "a.db", tmp_path / "b.db"
    with Store.open(path) as store:
        store.write_now(lambda c: jobs.save_job(c, a_job("job-old")))
        backup.make(path, file)
        store.write_now(lambda c: jobs.save_job(c, a_job("job-new")))
    kept = backup.restore(file, path)
    assert kept is not None
    assert kept.parent == tmp_path
    with Store.open(path) as store, Store.open(kept) as old:
        assert [each.id for each in store.read_now(jobs.jobs)] == ["job-old"]
        assert {each.id for each in old.read_now(jobs.jobs)} == {"job-old", "job-new"}


def test_a_backup_is_restored_where_nothing_or_rubbish_was(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        store.write_now(lambda c: jobs.save_job(c, a_job()))
        backup.make(tmp_path / "a.db", tmp_path / "b.db")
    assert backup.restore(tmp_path / "b.db", tmp_path / "new" / "a.db") is None
    (tmp_path / "bad.db").write_bytes(b"rubbish" * 1000)
    kept = backup.restore(tmp_path / "b.db", tmp_path / "bad.db")
    assert kept is not None
    assert kept.read_bytes() == b"rubbish" * 1000
    with Store.open(tmp_path / "bad.db") as store:
        assert store.read_now(jobs.jobs) == (a_job(),)


def test_a_database_in_use_is_not_replaced(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        backup.make(tmp_path / "a.db", tmp_path / "b.db")
        store.write_now(lambda c: jobs.save_job(c, a_job()))
        with pytest.raises(ProblemError, match="has the database open"):
            backup.restore(tmp_path / "b.db", tmp_path / "a.db")
        assert store.read_now(jobs.jobs) == (a_job(),)


@pytest.mark.parametrize("content", [None, b"", b"rubbish" * 1000])
def test_what_is_no_backup_is_refused_and_nothing_changed(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "b.db"
    if content is not None:
        file.write_bytes(content)
    with Store.open(tmp_path / "a.db"):
        pass
    before = (tmp_path / "a.db").read_bytes()
    with pytest.raises(ProblemError):
        backup.restore(file, tmp_path / "a.db")
    assert (tmp_path / "a.db").read_bytes() == before


def test_damage_inside_a_backup_is_found(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        for number in range(200):
            store.write_now(partial(jobs.save_job, job=a_job(f"job-{number}")))
        backup.make(tmp_path / "a.db", tmp_path / "b.db")
    data = bytearray((tmp_path / "b.db").read_bytes())
    for start in range(len(data) // 2, len(data), 4096):
        data[start : start + 40] = b"\xff" * 40
    (tmp_path / "b.db").write_bytes(data)
    with pytest.raises(ProblemError):
        backup.verify(tmp_path / "b.db")


def test_rows_that_point_to_missing_rows_are_found(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        store.write_now(lambda c: jobs.save_job(c, a_job()))
    with closing(sqlite3.connect(tmp_path / "a.db")) as plain:
        plain.execute("delete from jobs")
        plain.commit()
    with pytest.raises(ProblemError, match="missing"):
        backup.verify(tmp_path / "a.db")


def test_a_backup_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db"):
        pass
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ProblemError, match="could not be written"):
        backup.make(tmp_path / "a.db", tmp_path / "file" / "b.db")
    with pytest.raises(ProblemError):
        backup.make(tmp_path / "gone.db", tmp_path / "b.db")
    assert not (tmp_path / "b.db").exists()
    assert not (tmp_path / "b.db.part").exists()


def _states(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as opened:
        return dict(opened.execute("SELECT key, text FROM state").fetchall())


def _only_to(text: str) -> str:
    return Settings(data=DataRules(only_to=text)).model_dump_json()


def test_rules_that_came_after_the_backup_hold_after_it_is_restored(tmp_path: Path) -> None:
    """Else a restored data folder would send what it was told never to send."""
    path, kept = tmp_path / "a.db", tmp_path / "b.db"
    old, new = {"path": "/a", "print": "1:x"}, {"path": "/b", "print": "2:y"}
    made: list[dict[str, list[str]]] = [{"files": [], "of": []}]
    with Store.open(path) as store:
        store.write_now(lambda c: settings.set_state(c, "residency", json.dumps([old])))
        store.write_now(lambda c: settings.set_state(c, "settings", _only_to("EU")))
        backup.make(path, kept)
        store.write_now(lambda c: settings.set_state(c, "residency", json.dumps([new])))
        store.write_now(
            lambda c: settings.set_state(c, "residency_made", json.dumps([{"files": [], "of": []}]))
        )
        store.write_now(lambda c: settings.set_state(c, "settings", _only_to("DE, ZA")))
    backup.restore(kept, path)
    found = _states(path)
    assert json.loads(found["residency"]) == [old, new]
    assert json.loads(found["residency_made"]) == made
    assert Settings.model_validate_json(found["settings"]).data.only_to == "DE, this computer"
    with Store.open(path) as store:
        assert store.read_now(settings.load_settings).data.only_to == "DE, this computer"


@pytest.mark.parametrize("damaged", ["residency_made", "settings"])
def test_what_is_damaged_of_the_rules_keeps_no_other_from_being_carried(tmp_path: Path, damaged: str) -> None:
    path, kept = tmp_path / "a.db", tmp_path / "b.db"
    with Store.open(path) as store:
        backup.make(path, kept)
        rule = json.dumps([{"path": "/b", "print": "2:y"}])
        store.write_now(lambda c: settings.set_state(c, "residency", rule))
        store.write_now(lambda c: settings.set_state(c, "settings", _only_to("ZA")))
        store.write_now(lambda c: settings.set_state(c, damaged, "{"))
    backup.restore(kept, path)
    found = _states(path)
    assert json.loads(found["residency"]) == json.loads(rule)
    assert ("settings" in found) == (damaged != "settings")


def test_a_damaged_database_is_replaced_all_the_same(tmp_path: Path) -> None:
    path, kept = tmp_path / "a.db", tmp_path / "b.db"
    with Store.open(path) as store:
        store.write_now(lambda c: settings.set_state(c, "residency", "[]"))
    backup.make(path, kept)
    path.write_bytes(b"damaged" * 1000)
    backup.restore(kept, path)
    assert _states(path)["residency"] == "[]"


@pytest.mark.parametrize(
    ("before", "now", "both"),
    [
        ("", "ZA", "ZA"),
        ("EU", "ZA", "this computer"),
        ("Atlantis", "ZA", "this computer"),
        ("EU, ZA", "ZA, US", "ZA, this computer"),
    ],
)
def test_two_rules_of_the_settings_allow_what_both_allow(before: str, now: str, both: str) -> None:
    assert backup.residency_both(before, now) == both
