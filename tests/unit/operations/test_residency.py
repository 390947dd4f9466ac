"""Data go only where their owner allows, whatever happens to the files, the services and the jobs."""

import asyncio
import json
import shutil
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.dataset import DataFile, Dataset
from app.domain.job import JobState
from app.domain.problem import Kind, ProblemError
from app.domain.residency import countries, residency_of
from app.domain.service import Limits
from app.operations.add_dataset import add_dataset, remove_dataset
from app.operations.add_service import add_service
from app.operations.change_service import import_services, state_country
from app.operations.change_settings import save_settings
from app.operations.desk import Desk, PracticeHost
from app.operations.draft_job import JobDraft
from app.operations.preflight import preview
from app.operations.residency import as_here, hosts_for, inherit_residency, rule_for, state_residency
from app.operations.rule_files import RULE_FILE
from app.operations.send_job import send_job
from app.operations.submit_job import create_job, submit_job
from app.operations.sync_panels import sync_panels
from app.services.contract import Connection, Submission
from app.services.registry import Registry
from app.store import datasets, jobs
from app.store.secrets import open_secrets
from app.store.store import Connection as StoreConnection
from app.store.store import Store
from tests.helpers.desk_fixtures import QuickDesk, only_job, pass_check
from tests.helpers.fake_family import NOW, FakeFamily, FakeRegistry, write_vcf

GOES = ("DE", "US", "")


def in_country(desk: Desk, draft: JobDraft, country: str) -> None:
    asyncio.run(desk.update_service(draft.service_id, country=country))


def refused(desk: Desk, draft: JobDraft) -> str:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(submit_job(desk, draft))
    assert caught.value.problem.kind is Kind.REFUSED
    return caught.value.problem.what_happened


def test_a_forbidden_service_is_not_even_asked(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    asyncio.run(state_residency(desk, ready.dataset_id, "EU, ZA, this computer"))
    in_country(desk, ready, "US")
    fake.calls.clear()
    told = refused(desk, ready)
    assert told == (
        "These data may go only to: EU, South Africa, this computer. Fake keeps data in United States."
    )
    assert not fake.calls
    assert asyncio.run(preview(desk, ready)).obstacles[0].field == "service"
    in_country(desk, ready, "FR")
    asyncio.run(submit_job(desk, ready))
    assert len(fake.submissions) == 1


def test_a_service_that_moves_gets_nothing_from_a_waiting_job(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    in_country(desk, ready, "DE")
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    asyncio.run(create_job(desk, ready))
    job = asyncio.run(only_job(desk))
    in_country(desk, ready, "US")
    with pytest.raises(ProblemError, match="may not go there"):
        asyncio.run(send_job(desk, job.id))
    assert not fake.submissions


def test_a_job_keeps_the_rule_it_was_made_under(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    in_country(desk, ready, "DE")
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    asyncio.run(create_job(desk, ready))
    job = asyncio.run(only_job(desk))
    asyncio.run(state_residency(desk, ready.dataset_id, ""))
    in_country(desk, ready, "US")
    with pytest.raises(ProblemError, match="may not go there"):
        asyncio.run(send_job(desk, job.id))
    assert not fake.submissions


@pytest.mark.parametrize("text", ["DE", "# a note\nDE, this computer\n", "\ufeffde"])
def test_a_file_beside_the_data_or_above_rules(
    desk: Desk, ready: JobDraft, fake: FakeFamily, tmp_path: Path, text: str
) -> None:
    (tmp_path / RULE_FILE).write_text(text, "utf-8")
    in_country(desk, ready, "US")
    assert "Germany" in refused(desk, ready)
    in_country(desk, ready, "DE")
    asyncio.run(submit_job(desk, ready))
    assert len(fake.submissions) == 1


@pytest.mark.parametrize("text", [b"", b"Atlantis", b"\xff\xfe\x00", b"#"])
def test_a_rule_that_nobody_can_read_allows_nothing(
    desk: Desk, ready: JobDraft, tmp_path: Path, text: bytes
) -> None:
    (tmp_path / RULE_FILE).write_bytes(text)
    in_country(desk, ready, "DE")
    assert "only to: this computer." in refused(desk, ready)


def test_the_settings_rule_everything(desk: Desk, ready: JobDraft) -> None:
    now = asyncio.run(desk.settings())
    ruled = now.model_copy(update={"data": now.data.model_copy(update={"only_to": "ZA"})})
    asyncio.run(save_settings(desk, ruled))
    in_country(desk, ready, "DE")
    assert "South Africa" in refused(desk, ready)


def test_removing_and_adding_again_or_copying_forgets_nothing(
    desk: Desk, ready: JobDraft, tmp_path: Path
) -> None:
    in_country(desk, ready, "US")
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    found = desk.store.read_now(lambda c: datasets.dataset(c, ready.dataset_id))
    assert found is not None
    asyncio.run(remove_dataset(desk, ready.dataset_id))
    other = tmp_path / "elsewhere" / "renamed.vcf.gz"
    other.parent.mkdir()
    shutil.copy(found.files[0].path, other)
    for path in (Path(found.files[0].path), other):
        again = asyncio.run(add_dataset(desk, (path,))).ids(Noun.DATASET)[0]
        asyncio.run(pass_check(desk, again))
        assert "EU" in refused(desk, ready.model_copy(update={"dataset_id": again}))


def test_what_is_made_of_data_is_under_their_rule(desk: Desk, ready: JobDraft, tmp_path: Path) -> None:
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    source = desk.store.read_now(lambda c: datasets.dataset(c, ready.dataset_id))
    assert source is not None
    (tmp_path / "made").mkdir()
    made_file = write_vcf(tmp_path / "made", "made.vcf.gz")
    made_file.write_bytes(made_file.read_bytes() + b"other")
    made = asyncio.run(add_dataset(desk, (made_file,))).ids(Noun.DATASET)[0]
    plain = desk.store.read_now(lambda c: datasets.dataset(c, made))
    assert plain is not None
    assert asyncio.run(rule_for(desk, plain, plain.files)) is None
    kept = asyncio.run(inherit_residency(desk, plain, source))
    assert kept.residency == residency_of("EU")
    asyncio.run(remove_dataset(desk, made))
    assert asyncio.run(rule_for(desk, None, plain.files)) == residency_of("EU")


@pytest.mark.parametrize("again", [False, True], ids=["stated first", "added first"])
def test_a_rule_that_is_stated_of_files_that_were_moved_holds_where_they_are_now(
    desk: Desk, ready: JobDraft, tmp_path: Path, again: bool
) -> None:
    """The list of datasets tells the old place; nobody has to know where a colleague put them."""
    old, new = Path(stored(desk, ready.dataset_id).files[0].path), tmp_path / "moved" / "mine.vcf.gz"
    new.parent.mkdir()
    shutil.move(old, new)
    moved = added(desk, new) if again else ""
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    moved = moved or added(desk, new)
    in_country(desk, ready, "US")
    assert "EU" in refused(desk, ready.model_copy(update={"dataset_id": moved}))


def test_a_statement_stands_in_the_timeline_and_a_wrong_one_changes_nothing(
    desk: Desk, ready: JobDraft
) -> None:
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    with pytest.raises(ProblemError, match="Atlantis"):
        asyncio.run(state_residency(desk, ready.dataset_id, "Atlantis"))
    kept = desk.store.read_now(lambda c: datasets.dataset(c, ready.dataset_id))
    assert kept is not None
    assert kept.residency == residency_of("EU")
    told = desk.store.read_now(lambda c: jobs.events(c))
    assert sum("may go only to EU" in e.text for e in told) == 1


def test_the_country_of_a_service_is_stated(desk: Desk, ready: JobDraft) -> None:
    asyncio.run(state_country(desk, ready.service_id, "de, US"))
    service = asyncio.run(desk.service(ready.service_id))
    assert service.jurisdictions == ("DE", "US")
    for wrong in ("EU", "here", "Atlantis", ""):
        with pytest.raises(ProblemError):
            asyncio.run(state_country(desk, ready.service_id, wrong))
    assert asyncio.run(desk.service(ready.service_id)).jurisdictions == ("DE", "US")


def test_a_rule_of_the_source_holds_also_when_it_comes_after_what_was_made(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    """Repaired, joined and masked files lie elsewhere, and nobody states the rule a second time."""
    in_country(desk, ready, "US")
    (tmp_path / "made").mkdir()
    ids = [ready.dataset_id]
    for name in ("repaired", "joined"):
        path = write_vcf(tmp_path / "made", f"{name}.vcf.gz")
        path.write_bytes(path.read_bytes() + name.encode())
        ids.append(asyncio.run(add_dataset(desk, (path,))).ids(Noun.DATASET)[0])
        asyncio.run(pass_check(desk, ids[-1]))
        found = desk.store.read_now(lambda c: datasets.dataset(c, ids[-1]))
        assert found is not None
        made = found.model_copy(update={"made_from": ids[-2]})
        desk.store.write_now(partial(_save, made))
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    for each in ids:
        assert "EU" in refused(desk, ready.model_copy(update={"dataset_id": each}))
    assert not fake.submissions


def _save(made: Dataset, c: StoreConnection) -> None:
    datasets.save_dataset(c, made)


def test_the_country_of_a_preset_is_not_that_of_another_address(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    """As a list of services from a colleague may pair them."""
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    rows = [
        {
            "name": "True",
            "base_url": "https://imputationserver.helmholtz-munich.de",
            "preset_id": "helmholtz",
        },
        {"name": "Other", "base_url": "https://elsewhere.example", "preset_id": "helmholtz"},
    ]
    (tmp_path / "list.json").write_text(json.dumps({"services": rows}))
    asyncio.run(import_services(desk, tmp_path / "list.json"))
    assert asyncio.run(desk.service("true")).country == "DE"
    other = asyncio.run(desk.service("other"))
    assert (other.country, other.jurisdictions) == ("", ())
    draft = ready.model_copy(update={"service_id": "other"})
    assert "is not known" in refused(desk, draft)
    assert not fake.submissions


def test_a_store_on_the_way_counts_as_a_place(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    in_country(desk, ready, "DE")
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    for setup, told in (
        ({"storage": "https://store.example.org/in"}, "is not known"),
        ({"storage": "https://store.example.org/in", "storage_country": "US"}, "United States"),
        ({"storage": "https://store.example.org/in", "storage_country": "FR, US"}, "United States"),
        ({"storage": "https://store.example.org/in", "storage_country": "Atlantis"}, "is not known"),
    ):
        asyncio.run(desk.update_service(ready.service_id, setup=setup))
        assert told in refused(desk, ready)
    assert not fake.submissions
    for setup in (
        {"storage": "https://store.example.org/in", "storage_country": "fr"},
        {"storage": "https://fake.example:9000/in"},
    ):
        asyncio.run(desk.update_service(ready.service_id, setup=setup))
        asyncio.run(submit_job(desk, ready))
    assert len(fake.submissions) == 2


def test_a_service_that_moves_while_files_are_sent_gets_no_job(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    in_country(desk, ready, "DE")
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    fake.hangs_before_seal = True

    async def whole() -> None:
        sending = asyncio.create_task(submit_job(desk, ready))
        await fake.sending.wait()
        await desk.update_service(ready.service_id, country="US")
        fake.hang.set()
        await sending

    with pytest.raises(ProblemError, match="may not go there"):
        asyncio.run(whole())
    assert not fake.submissions
    assert asyncio.run(only_job(desk)).state is JobState.FAILED


def test_a_rule_that_comes_while_files_are_sent_stops_them(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only the last bytes: an upload may take hours."""
    monkeypatch.setattr("app.operations.sending_watch.LOOK_S", 0.01)
    in_country(desk, ready, "US")
    fake.hangs_before_seal = True

    async def whole() -> None:
        sending = asyncio.create_task(submit_job(desk, ready))
        await fake.sending.wait()
        await state_residency(desk, ready.dataset_id, "EU")
        await sending  # the server never goes on

    with pytest.raises(ProblemError, match="may not go there"):
        asyncio.run(whole())
    assert not fake.submissions
    assert asyncio.run(only_job(desk)).state is JobState.FAILED


def test_the_hosts_of_files_under_a_rule_are_the_service_and_its_stated_store(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    in_country(desk, ready, "US")
    asyncio.run(create_job(desk, ready))
    job = asyncio.run(only_job(desk))

    def hosts() -> frozenset[str] | None:
        return asyncio.run(hosts_for(desk, asyncio.run(desk.service(ready.service_id)), job))

    assert hosts() is None
    asyncio.run(state_residency(desk, ready.dataset_id, "US"))
    assert hosts() == {"fake.example"}
    fake.store_hosts = lambda connection: ("Store.example",)  # type: ignore[attr-defined]
    asyncio.run(desk.update_service(ready.service_id, setup={"storage": "https://own.example/in"}))
    assert hosts() == {"fake.example", "own.example", "store.example"}
    asyncio.run(desk.update_service(ready.service_id, base_url="http://127.0.0.1:8082", setup={}))
    assert hosts() == {"127.0.0.1:8082"}, "of what is here no store elsewhere is known, nor another port"


def test_the_refusal_says_how_a_server_of_this_computer_is_named(desk: Desk, ready: JobDraft) -> None:
    asyncio.run(state_residency(desk, ready.dataset_id, "this computer"))
    asyncio.run(desk.update_service(ready.service_id, name="My server", base_url="http://127.0.0.1:8082"))
    with pytest.raises(ProblemError) as caught:
        asyncio.run(submit_job(desk, ready))
    told = caught.value.problem.what_you_can_do
    assert "haplodesk services set-country 'My server' here" in told
    assert "“State the country”" in told
    asyncio.run(desk.update_service(ready.service_id, base_url="https://fake.example"))
    with pytest.raises(ProblemError) as caught:
        asyncio.run(submit_job(desk, ready))
    assert "set-country" not in caught.value.problem.what_you_can_do


def test_files_that_go_along_are_under_their_own_rule(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    """A panel that a person names is not of the dataset, and may be somebody's genotypes all the same."""
    in_country(desk, ready, "US")
    (tmp_path / "panel").mkdir()
    panel = write_vcf(tmp_path / "panel", "panel.vcf.gz")
    panel.write_bytes(panel.read_bytes() + b"panel")
    (tmp_path / "panel" / RULE_FILE).write_text("EU")
    seen = panel.stat()
    file = DataFile(path=str(panel), name=panel.name, size=seen.st_size, modified=seen.st_mtime_ns)

    async def files_along(connection: Connection, submission: Submission) -> tuple[DataFile, ...]:
        return (*submission.files, file)

    fake.files_along = files_along  # type: ignore[attr-defined]
    assert "EU" in refused(desk, ready)
    assert not fake.submissions
    in_country(desk, ready, "FR")
    service, job = asyncio.run(desk.service(ready.service_id)), asyncio.run(only_job(desk))
    assert asyncio.run(hosts_for(desk, service, job)) is None
    assert asyncio.run(hosts_for(desk, service, job, (file,))) == {"fake.example"}


def test_a_store_behind_another_port_of_this_computer_may_be_a_tunnel(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    """That one port is this computer, as a person stated, says nothing of the others."""
    asyncio.run(state_residency(desk, ready.dataset_id, "DE, this computer"))
    asyncio.run(desk.update_service(ready.service_id, base_url="http://127.0.0.1:8082"))
    asyncio.run(state_country(desk, ready.service_id, "here"))
    tunnel = {"storage": "http://127.0.0.1:9000/bucket"}
    asyncio.run(desk.update_service(ready.service_id, setup=tunnel))
    assert "is not known" in refused(desk, ready)
    asyncio.run(desk.update_service(ready.service_id, setup={**tunnel, "storage_country": "US"}))
    assert "United States" in refused(desk, ready)
    assert not fake.submissions
    asyncio.run(desk.update_service(ready.service_id, setup={**tunnel, "storage_country": "DE"}))
    asyncio.run(submit_job(desk, ready))
    asyncio.run(desk.update_service(ready.service_id, setup={"storage": "http://127.0.0.1:8082/bucket"}))
    asyncio.run(submit_job(desk, ready))


class Running:
    """A practice server that runs at an address."""

    def __init__(self, base_url: str | None) -> None:
        self.base_url = base_url


def test_a_tunnel_is_this_computer_only_when_a_person_says_so(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    address = "http://127.0.0.1:8082"
    asyncio.run(state_residency(desk, ready.dataset_id, "this computer"))
    asyncio.run(desk.update_service(ready.service_id, practice=True, base_url=address))
    assert "is not known" in refused(desk, ready)
    for running in (None, "http://127.0.0.1:8083"):
        desk.practice = cast(PracticeHost, Running(running))
        assert "is not known" in refused(desk, ready)
    assert not fake.submissions
    desk.practice = cast(PracticeHost, Running(address))
    assert as_here(desk, asyncio.run(desk.service(ready.service_id))).here_at == address
    assert asyncio.run(preview(desk, ready)).obstacles == ()
    desk.practice = None
    asyncio.run(state_country(desk, ready.service_id, "this computer"))
    asyncio.run(submit_job(desk, ready))
    assert len(fake.submissions) == 1
    asyncio.run(desk.update_service(ready.service_id, base_url="http://127.0.0.1:9"))
    assert "is not known" in refused(desk, ready), "it was said of the other address"
    asyncio.run(state_country(desk, ready.service_id, "here"))
    asyncio.run(state_country(desk, ready.service_id, "ZA"))
    assert "South Africa" in refused(desk, ready), "the last word counts"


def test_nothing_elsewhere_is_this_computer(desk: Desk, ready: JobDraft) -> None:
    with pytest.raises(ProblemError, match="no country"):
        asyncio.run(state_country(desk, ready.service_id, "this computer"))


def other_file(folder: Path, name: str, content: bytes = b"") -> Path:
    folder.mkdir(exist_ok=True)
    path = write_vcf(folder, name)
    path.write_bytes(path.read_bytes() + content)
    return path


def added(desk: Desk, path: Path) -> str:
    dataset_id = asyncio.run(add_dataset(desk, (path,))).ids(Noun.DATASET)[0]
    asyncio.run(pass_check(desk, dataset_id))
    return dataset_id


def stored(desk: Desk, dataset_id: str) -> Dataset:
    found = desk.store.read_now(lambda c: datasets.dataset(c, dataset_id))
    assert found is not None
    return found


@pytest.mark.parametrize("noted", [True, False], ids=["by this version", "by an older version"])
@pytest.mark.parametrize("child_goes", [False, True], ids=["child stays", "child is added again"])
def test_a_rule_that_comes_when_the_source_is_gone_holds_for_what_was_made_of_it(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path, noted: bool, child_goes: bool
) -> None:
    in_country(desk, ready, "US")
    source = stored(desk, ready.dataset_id)
    path = other_file(tmp_path / "made", "child.vcf.gz", b"child")
    child = added(desk, path)
    made = stored(desk, child).model_copy(update={"made_from": source.id})
    if noted:
        asyncio.run(inherit_residency(desk, made, source))
    desk.store.write_now(partial(_save, made))
    if child_goes:
        asyncio.run(remove_dataset(desk, child))
    asyncio.run(remove_dataset(desk, source.id))
    moved = shutil.move(source.files[0].path, tmp_path / "moved.vcf.gz")
    again = added(desk, Path(moved))
    asyncio.run(state_residency(desk, again, "EU"))
    child = added(desk, path) if child_goes else child
    assert "EU" in refused(desk, ready.model_copy(update={"dataset_id": child}))
    assert not fake.submissions


def test_what_is_taken_back_of_a_copy_stays_of_the_original(
    desk: Desk, ready: JobDraft, tmp_path: Path
) -> None:
    in_country(desk, ready, "US")
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    original = stored(desk, ready.dataset_id)
    copy = added(desk, other_file(tmp_path / "copy", "copy.vcf.gz"))
    asyncio.run(state_residency(desk, copy, "ZA"))
    asyncio.run(state_residency(desk, copy, ""))
    assert asyncio.run(rule_for(desk, None, original.files)) == residency_of("EU")
    asyncio.run(remove_dataset(desk, original.id))
    again = added(desk, Path(original.files[0].path))
    for each in (again, copy):
        assert "EU" in refused(desk, ready.model_copy(update={"dataset_id": each}))
    asyncio.run(state_residency(desk, again, ""))
    assert asyncio.run(rule_for(desk, None, original.files)) is None, "the original's own statement goes"


def test_what_is_taken_back_of_a_file_that_was_moved_is_gone(
    desk: Desk, ready: JobDraft, tmp_path: Path
) -> None:
    asyncio.run(state_residency(desk, ready.dataset_id, "EU"))
    path = Path(stored(desk, ready.dataset_id).files[0].path)
    asyncio.run(remove_dataset(desk, ready.dataset_id))
    moved = Path(shutil.move(path, tmp_path / "moved.vcf.gz"))
    again = added(desk, moved)
    assert asyncio.run(rule_for(desk, None, stored(desk, again).files)) == residency_of("EU")
    asyncio.run(state_residency(desk, again, ""))
    assert asyncio.run(rule_for(desk, None, stored(desk, again).files)) is None
    shutil.copy(moved, path)
    back = added(desk, path)
    assert asyncio.run(rule_for(desk, None, stored(desk, back).files)) == residency_of("EU")


class Sends(RuleBasedStateMachine):
    """Whatever people do in whatever order, nothing reaches a place that a rule forbids at that moment.

    The model knows the rule of the folder file, of the settings and of each content, and the countries.
    """

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.home = Path(tempfile.mkdtemp())
        self.fake = FakeFamily()
        self.store = Store.open(self.home / "haplodesk.db")
        registry = cast(Registry, FakeRegistry(self.fake))
        self.desk = QuickDesk(
            self.home,
            self.store,
            open_secrets({"HAPLODESK_KEYRING": "memory"}),
            registry,
            clock=FixedClock(NOW),
        )
        self.stated: str | None = None
        self.everywhere: str | None = None
        self.beside: str | None = None
        self.country = ""
        self.counted = 0
        self.parents: dict[Path, str | None] = {}
        self.waiting: list[tuple[str, str | None]] = []

    @initialize()
    def start(self) -> None:
        changes = asyncio.run(add_service(self.desk, "Fake", "https://fake.example", "fake", SecretStr("t")))
        self.service_id = changes.ids(Noun.SERVICE)[0]
        asyncio.run(self.desk.update_service(self.service_id, limits=Limits(min_poll_s=0.02)))
        asyncio.run(sync_panels(self.desk, (self.service_id,)))
        (self.home / "data").mkdir()
        self.file = write_vcf(self.home / "data")
        self.bring()

    def bring(self) -> None:
        self.dataset_id = asyncio.run(add_dataset(self.desk, (self.file,))).ids(Noun.DATASET)[0]
        asyncio.run(pass_check(self.desk, self.dataset_id))

    @rule(text=st.sampled_from(("EU", "US", "here", "DE, US", "")))
    def state(self, text: str) -> None:
        asyncio.run(state_residency(self.desk, self.dataset_id, text))
        self.stated = text or None

    @rule(text=st.sampled_from(("EU", "US", "Atlantis", "")))
    def set_everywhere(self, text: str) -> None:
        now = asyncio.run(self.desk.settings())
        data = now.data.model_copy(update={"only_to": text})
        asyncio.run(save_settings(self.desk, now.model_copy(update={"data": data})))
        self.everywhere = text or None

    @rule(text=st.sampled_from(("EU", "US", "Atlantis", None)))
    def write_beside(self, text: str | None) -> None:
        path = self.file.parent / RULE_FILE
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        self.beside = text

    @rule(country=st.sampled_from(GOES))
    def move_service(self, country: str) -> None:
        asyncio.run(self.desk.update_service(self.service_id, country=country))
        self.country = country

    @rule()
    def rename_file(self) -> None:
        folder = self.file.parent / f"n{self.counted}"
        self.counted += 1
        folder.mkdir()
        asyncio.run(self._remove())
        self.file = Path(shutil.move(self.file, folder / "other.vcf.gz"))
        if self.beside is not None:
            (folder / RULE_FILE).write_text(self.beside)
            (folder.parent / RULE_FILE).unlink()
        self.bring()

    @rule()
    def take_back_of_copy(self) -> None:
        """Whatever is said of a copy and taken back, the original stays under its own rule."""
        folder = self.home / f"copy{self.counted}"
        self.counted += 1
        folder.mkdir()
        copy = asyncio.run(add_dataset(self.desk, (Path(shutil.copy(self.file, folder)),)))
        dataset_id = copy.ids(Noun.DATASET)[0]
        asyncio.run(state_residency(self.desk, dataset_id, "ZA"))
        asyncio.run(state_residency(self.desk, dataset_id, ""))
        asyncio.run(remove_dataset(self.desk, dataset_id))

    @precondition(lambda self: not self.waiting)
    @rule()
    def go_on_with_child(self) -> None:
        """Something is made of the data, and the dataset that it was made from is removed."""
        source = stored(self.desk, self.dataset_id)
        self.parents[self.file] = self.stated
        path = self.file.with_name(f"c{self.counted}.vcf.gz")
        path.write_bytes(self.file.read_bytes() + b"child")
        self.counted += 1
        self.file = path
        self.bring()
        made = stored(self.desk, self.dataset_id).model_copy(update={"made_from": source.id})
        made = asyncio.run(inherit_residency(self.desk, made, source))
        self.store.write_now(partial(_save, made))
        asyncio.run(remove_dataset(self.desk, source.id))
        self.stated = made.residency.code() if made.residency is not None else None

    @precondition(lambda self: bool(self.parents))
    @rule(text=st.sampled_from(("EU", "US", "")))
    def state_of_parent(self, text: str) -> None:
        """Somebody adds the files again of which the data were made, and states a rule only then."""
        path = next(iter(self.parents))
        dataset_id = asyncio.run(add_dataset(self.desk, (path,))).ids(Noun.DATASET)[0]
        asyncio.run(state_residency(self.desk, dataset_id, text))
        asyncio.run(remove_dataset(self.desk, dataset_id))
        self.parents[path] = text or None

    async def _remove(self) -> None:
        if not self.waiting:
            await remove_dataset(self.desk, self.dataset_id)

    @rule()
    def make(self) -> None:
        draft = self.draft()
        try:
            changes = asyncio.run(create_job(self.desk, draft))
        except ProblemError:
            assert not self.allowed(self.stated)
            return
        assert self.allowed(self.stated)
        self.waiting.append((changes.ids(Noun.JOB)[0], self.stated))

    @precondition(lambda self: bool(self.waiting))
    @rule()
    def send(self) -> None:
        job_id, stated = self.waiting.pop(0)
        before = len(self.fake.submissions)
        allowed = self.allowed(self.stated) and self.allowed(stated)
        job = asyncio.run(self.desk.job(job_id))
        failed = False
        try:
            asyncio.run(send_job(self.desk, job_id))
        except ProblemError:
            failed = True
        moved = not Path(job.files[0].path).exists()
        assert moved or failed is not allowed
        if not allowed and not moved:  # of files that are gone no byte can leave; the fake does not read them
            assert len(self.fake.submissions) == before, "a forbidden send"

    def draft(self) -> JobDraft:
        return JobDraft(
            name="Any",
            dataset_id=self.dataset_id,
            service_id=self.service_id,
            app_id="impute@1",
            panel_id="apps@one",
            options={"population": "eur"},
            terms={"check1": "I will not re-identify anybody."},
        )

    def allowed(self, stated: str | None) -> bool:
        said = (stated, self.everywhere, self.beside, *self.parents.values())
        rules = [each for each in said if each is not None]
        if not rules:
            return True
        if self.country not in countries() or "Atlantis" in rules:
            return False
        return all(self.country in residency_of(each).countries for each in rules)

    @invariant()
    def nothing_was_forgotten(self) -> None:
        states = [j.state for j in self.store.read_now(jobs.jobs)]
        assert states.count(JobState.SUBMITTED) == len(self.fake.submissions)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.home)


Sends.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=14,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
TestSends = Sends.TestCase
