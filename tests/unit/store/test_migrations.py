"""New files, old files, newer files, damaged files, foreign files; and PostgreSQL."""

import gzip
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, create_engine, inspect

from app.domain.changes import Noun
from app.domain.dataset import OTHER_FORMAT, SEVERAL_GROUPS
from app.domain.finding import CheckReport, Finding, Severity
from app.domain.problem import Kind, ProblemError
from app.store import (
    backup,
    datasets,
    jobs,
    migrate,
    notices,
    opening,
    pages,
    results,
    services,
    settings,
    versions,
)
from app.store import tables as t
from app.store.pages import TableQuery
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
)

MAGIC = b"SQLite format 3\x00"
DATA = Path(__file__).parents[2] / "data"
OLD = DATA / "haplodesk-0001.db.gz"


def fill(c: Connection) -> None:
    """One of every noun."""
    services.save_service(c, a_service())
    services.record_health(c, a_health())
    services.save_form(c, a_form())
    services.replace_panels(c, "svc-1", [a_panel()], T0)
    datasets.save_dataset(c, a_dataset())
    jobs.save_job(c, a_job())
    jobs.add_event(c, an_event())
    jobs.save_consent(c, a_consent())
    results.save_result(c, a_result())
    notices.add_notice(c, a_notice())
    settings.set_state(c, "window", "wide")


def check(c: Connection) -> None:
    """What `fill` put in is there."""
    assert services.services(c) == (a_service(),)
    assert services.health_history(c, "svc-1", 5) == (a_health(),)
    assert services.forms(c, "svc-1") == (a_form(),)
    assert services.panels(c) == (a_panel(),)
    assert len(services.panel_changes(c)) == 1
    assert datasets.datasets(c) == (a_dataset(),)
    assert jobs.jobs(c) == (a_job(),)
    assert jobs.events(c) == (an_event(),)
    assert jobs.consents(c, "job-1") == (a_consent(),)
    assert results.results(c) == (a_result(),)
    assert notices.recent(c) == (a_notice(),)
    assert settings.state(c, "window") == "wide"


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_migrations_make_the_tables_of_today(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db"):
        pass
    made, wanted = create_engine(f"sqlite:///{tmp_path / 'a.db'}"), create_engine("sqlite://")
    t.metadata.create_all(wanted)
    found, expected = MetaData(), MetaData()
    found.reflect(made)
    expected.reflect(wanted)
    assert set(found.tables) == set(expected.tables) | {"alembic_version"}
    for name, table in expected.tables.items():
        assert _shape(found.tables[name]) == _shape(table), name
    made.dispose()
    wanted.dispose()


def _shape(table: object) -> object:
    looked = inspect(table)
    columns = [(c.name, str(c.type), c.nullable, c.primary_key) for c in looked.columns]
    indexes = sorted((str(i.name), [c.name for c in i.columns]) for i in looked.indexes)
    keys = sorted((f.column.table.name, str(f.ondelete)) for f in looked.foreign_keys)
    return columns, indexes, keys


def test_the_known_versions_are_those_of_the_migrations() -> None:
    files = sorted(path.name for path in migrate.MIGRATIONS.glob("[0-9]*.py"))
    assert tuple(name.partition("_")[0] for name in files) == versions.VERSIONS
    for name in files:
        assert "app." not in (migrate.MIGRATIONS / name).read_text(encoding="utf-8")


def test_alembic_is_not_imported_for_a_file_of_today(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db"):
        pass
    code = (
        "import sys; from app.store.store import Store; Store.open(sys.argv[1]).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    program = [sys.executable, "-c", code, str(tmp_path / "a.db")]
    assert subprocess.run(program, cwd=Path(__file__).parents[3], check=False).returncode == 0


@pytest.mark.parametrize("version", versions.VERSIONS[:-1])
def test_a_database_of_an_older_version_opens(tmp_path: Path, version: str) -> None:
    path = tmp_path / "haplodesk.db"
    path.write_bytes(gzip.decompress((DATA / f"haplodesk-{version}.db.gz").read_bytes()))
    assert versions.file_version(path) == version
    with Store.open(path) as store:
        store.read_now(check)
        assert store.read_now(lambda c: pages.ids(c, Noun.JOB, TableQuery(text="michigan"))) == ["job-1"]
        store.write_now(lambda c: jobs.save_job(c, a_job("job-2")))


def test_predictions_in_an_old_database_get_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "haplodesk.db"
    path.write_bytes(gzip.decompress(OLD.read_bytes()))
    headline = "Michigan would refuse this: 212 strand flips, 100 allowed."
    said = {"service_id": "svc-1", "service": "Michigan", "outcome": "refuses", "headline": headline}
    with closing(sqlite3.connect(path)) as plain:
        (document,) = plain.execute("select document from dataset_documents").fetchone()
        known = json.loads(document) | {"verdicts": [said]}
        plain.execute("update dataset_documents set document = ?", (json.dumps(known),))
        plain.commit()
    with Store.open(path) as store:
        (row,) = store.read_now(lambda c: pages.rows(c, Noun.DATASET, ["data-1"])).values()
        cells = dict(zip(pages.COLUMNS[Noun.DATASET], row, strict=True))
        assert (cells["outcome"], cells["verdict"]) == ("refuses", headline)
        query = TableQuery.parse(Noun.DATASET, "outcome:refuses", "verdict")
        assert store.read_now(lambda c: pages.ids(c, Noun.DATASET, query)) == ["data-1"]


def test_results_in_an_old_database_get_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "haplodesk.db"
    path.write_bytes(gzip.decompress((DATA / "haplodesk-0002.db.gz").read_bytes()))
    with closing(sqlite3.connect(path)) as plain:
        (document,) = plain.execute("select document from result_documents").fetchone()
        other = json.loads(document) | {"id": "res-2", "job_id": "", "quality": None}
        row = dict(zip(*_row_of(plain, "results"), strict=True)) | {"id": "res-2", "job_id": ""}
        marks = ", ".join(f":{name}" for name in row)
        plain.execute(f"insert into results values ({marks})", row)
        plain.execute("insert into result_documents values ('res-2', ?)", (json.dumps(other),))
        plain.commit()
    with Store.open(path) as store:
        names = ("panel", "good", "elsewhere", "complete")
        rows = store.read_now(lambda c: pages.rows(c, Noun.RESULT, ["res-1", "res-2"]))
        cells = {key: dict(zip(pages.COLUMNS[Noun.RESULT], row, strict=True)) for key, row in rows.items()}
        panel = a_job().panel_name or a_job().panel_id
        assert tuple(cells["res-1"][name] for name in names) == (panel, 150, False, None)
        assert tuple(cells["res-2"][name] for name in names) == ("", None, True, None)
        migrated = dict(cells["res-1"])
        store.write_now(lambda c: results.save_result(c, a_result()))
        anew = store.read_now(lambda c: pages.rows(c, Noun.RESULT, ["res-1"]))["res-1"]
        assert dict(zip(pages.COLUMNS[Noun.RESULT], anew, strict=True)) == migrated
        query = TableQuery.parse(Noun.RESULT, "", "good", True)
        assert store.read_now(lambda c: pages.ids(c, Noun.RESULT, query)) == ["res-1", "res-2"]


def _row_of(plain: sqlite3.Connection, table: str) -> tuple[list[str], list[object]]:
    found = plain.execute(f"select * from {table}")
    return [each[0] for each in found.description], list(found.fetchone())


def test_what_the_check_says_is_the_outcome_without_a_prediction(tmp_path: Path) -> None:
    path = tmp_path / "haplodesk.db"
    path.write_bytes(gzip.decompress(OLD.read_bytes()))
    with Store.open(path) as store:
        store.write_now(lambda c: datasets.save_dataset(c, a_dataset("data-2", report=None)))
        query = TableQuery.parse(Noun.DATASET, "outcome:refuses")
        assert store.read_now(lambda c: pages.ids(c, Noun.DATASET, query)) == ["data-1"]


@pytest.mark.parametrize("code", [OTHER_FORMAT, SEVERAL_GROUPS])
def test_files_in_order_that_must_be_written_anew_are_not_ready(tmp_path: Path, code: str) -> None:
    found = Finding(code=code, severity=Severity.INFO, title="To be written anew")
    report = CheckReport(accepted=True, stage="ok", findings=(found,))
    with Store.open(tmp_path / "haplodesk.db") as store:
        store.write_now(lambda c: datasets.save_dataset(c, a_dataset("data-2", report=report)))
        query = TableQuery.parse(Noun.DATASET, "outcome:prepare")
        assert store.read_now(lambda c: pages.ids(c, Noun.DATASET, query)) == ["data-2"]


SECOND = '''
"""A later version, for this test."""
import sqlalchemy as sa
from alembic import op
revision = "9000"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("colour", sa.Text, nullable=False, server_default="red"))
        jobs.alter_column("step", new_column_name="stage")
    {more}
'''


@pytest.fixture
def _second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The program is one version further than it is."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder)
    text = SECOND.replace("{more}", getattr(request, "param", "pass")).replace("{before}", versions.HEAD)
    (folder / "9000_second.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)
    monkeypatch.setattr(versions, "VERSIONS", (*versions.VERSIONS, "9000"))
    monkeypatch.setattr(opening, "HEAD", "9000")


def _old_file(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "haplodesk.db"
    path.parent.mkdir()
    path.write_bytes(gzip.decompress(OLD.read_bytes()))
    return path


@pytest.mark.usefixtures("_second")
def test_an_old_file_is_backed_up_and_migrated_with_its_documents(tmp_path: Path) -> None:
    path = _old_file(tmp_path)
    with Store.open(path, tmp_path / "kept") as store:
        assert store.read_now(jobs.jobs) == (a_job(),)
        assert store.read_now(services.panels) == (a_panel(),)
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("select stage, colour from jobs").fetchall() == [("Quality control", "red")]
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
    (kept,) = (tmp_path / "kept").iterdir()
    assert backup.verify(kept).version == "0001"
    assert backup.verify(kept).counts["jobs"] == 1


@pytest.mark.usefixtures("_second")
@pytest.mark.parametrize("_second", ['raise RuntimeError("in the middle")'], indirect=True)
def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = _old_file(tmp_path)
    with pytest.raises(ProblemError, match="left as it was"):
        Store.open(path)
    assert versions.file_version(path) == "0001"
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("select step from jobs").fetchall() == [("Quality control",)]
    (kept,) = (path.parent / "backups").iterdir()
    assert backup.verify(kept).version == "0001"


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store.open(path) as store:
        store.write_now(fill)
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("update alembic_version set version_num = '0999'")
        plain.commit()
    before = _sum(path)
    with pytest.raises(ProblemError, match=r"newer version of Haplodesk .*0999") as caught:
        Store.open(path)
    assert caught.value.problem.kind == Kind.STORE
    assert _sum(path) == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.db"]


@pytest.mark.parametrize(
    "content", [b"not a database at all", b"SQLite format 3\x00" + b"\x17" * 5000, b"\x00" * 4096]
)
def test_a_damaged_file_is_a_sentence_and_is_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with pytest.raises(ProblemError, match="damaged") as caught:
        Store.open(path)
    assert caught.value.problem.kind == Kind.STORE
    assert path.read_bytes() == content
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.db"]


def test_a_truncated_file_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store.open(path) as store:
        store.write_now(fill)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 // 4096 * 4096])
    with pytest.raises(ProblemError, match="damaged"), Store.open(path) as store:
        store.read_now(check)
    with pytest.raises(ProblemError):
        backup.verify(path)


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("create table bookmarks (id integer)")
    before = _sum(path)
    with pytest.raises(ProblemError, match="another program"):
        Store.open(path)
    assert _sum(path) == before


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    with Store.open(f"sqlite:///{path}") as store:
        store.write_now(fill)
        store.read_now(check)


def test_a_folder_in_the_place_of_the_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.db").mkdir()
    with pytest.raises(ProblemError):
        Store.open(tmp_path / "a.db")


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ProblemError) as caught:
        Store.open(tmp_path / "file" / "a.db")
    assert caught.value.problem.kind == Kind.DISK


@pytest.mark.parametrize("address", ["mysql://x/y", "nonsense://", "sqlite://", "://"])
def test_an_address_that_is_not_understood_is_a_sentence(address: str) -> None:
    with pytest.raises(ProblemError, match="not understood"):
        Store.open(address)


def _postgres_account() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root: the user and group to run it as there."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        account = pwd.getpwnam("nobody")
    return account.pw_uid, account.pw_gid


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty database of a real PostgreSQL, started for this module."""
    pytest.importorskip("psycopg")
    initdb, pg_ctl = shutil.which("initdb"), shutil.which("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("PostgreSQL is not installed")
    import tempfile

    account = _postgres_account()
    with tempfile.TemporaryDirectory(prefix="hdpg") as folder:
        if account:
            os.chown(folder, *account)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        data = f"{folder}/data"
        _quietly(
            [initdb, "-D", data, "-A", "trust", "-U", "haplodesk", "-E", "UTF8", "--locale=C"],
            folder,
            account,
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        _quietly([pg_ctl, "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start"], folder, account)
        try:
            yield f"postgresql://haplodesk@127.0.0.1:{port}/postgres"
        finally:
            _quietly([pg_ctl, "-D", data, "-w", "-m", "immediate", "stop"], folder, account)


def _quietly(command: list[str], folder: str, account: tuple[int, int] | None) -> None:
    user, group = account or (None, None)
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        user=user,
        group=group,
        extra_groups=None if account is None else [],
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_real_postgresql_keeps_the_same_nouns(server: str) -> None:
    with Store.open(server) as store:
        store.write_now(fill)
        store.write_now(lambda c: jobs.save_job(c, a_job()))
        store.read_now(check)
        assert not store.write_now(lambda c: notices.add_notice(c, a_notice("note-2", key=a_notice().key)))
    with Store.open(server) as store:
        store.read_now(check)
        for noun, columns in pages.COLUMNS.items():
            assert len(store.read_now(partial(pages.ids, noun=noun))) == 1
            for column, down in product(columns, (True, False)):
                query = TableQuery.parse(noun, f"{column}:x", column, down)
                store.read_now(partial(pages.ids, noun=noun, query=query))
        query = TableQuery(text="michigan heart", sort="name")
        assert store.read_now(partial(pages.ids, noun=Noun.JOB, query=query)) == ["job-1"]
        with pytest.raises(ProblemError):
            store.read_now(lambda c: settings.set_state(c, "a", "b"))
        store.write_now(lambda c: services.remove_service(c, "svc-1"))
        assert store.read_now(services.panels) == ()


def test_a_postgresql_that_is_not_there_is_a_sentence() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(ProblemError, match="cannot be reached"):
        Store.open("postgresql://ann:hunter2@127.0.0.1:1/haplodesk")
