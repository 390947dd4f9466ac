"""A service that does not answer, and a mirror with the same panel."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.parameter import Choice, Parameter, ParameterType
from app.domain.problem import Kind, ProblemError
from app.domain.service import HealthState, ServiceApp
from app.operations.add_service import add_service
from app.operations.catalogues import install_catalogue
from app.operations.check_services import check_services
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.fail_over import mirror_draft, mirrors_of
from app.operations.residency import state_residency
from app.operations.send_job import send_job
from app.operations.submit_job import create_job
from app.operations.sync_panels import sync_panels
from app.store import notices, services
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeFamily, fault
from tests.unit.operations.test_catalogues import Signer, written


@pytest.fixture
def mirror(desk: Desk, ready: JobDraft) -> str:
    """A second service with the same panels, whose builds are told."""

    async def make() -> str:
        changes = await add_service(desk, "Mirror", "https://mirror.example", "fake", SecretStr("token"))
        service_id = changes.ids(Noun.SERVICE)[0]
        await sync_panels(desk, (service_id,))
        for each in (ready.service_id, service_id):
            known = await desk.store.read(lambda c, e=each: services.panels(c, e))
            told = tuple(p.model_copy(update={"build": "GRCh37"}) for p in known)
            await desk.store.write(
                lambda c, e=each, t=told: services.replace_panels(c, e, t, desk.clock.now())
            )
        return service_id

    return asyncio.run(make())


def test_a_waiting_job_can_go_to_a_mirror(desk: Desk, fake: FakeFamily, ready: JobDraft, mirror: str) -> None:
    async def play() -> None:
        await create_job(desk, ready)
        job = await only_job(desk)
        found = await mirrors_of(desk, job.id)
        assert [(m.service.id, m.panel.id) for m in found] == [(mirror, ready.panel_id)]
        draft = await mirror_draft(desk, job.id, mirror)
        assert (draft.service_id, draft.panel_id, draft.dataset_id) == (
            mirror,
            ready.panel_id,
            ready.dataset_id,
        )
        fake.health_state = HealthState.DOWN
        for _ in range(2):
            await check_services(desk, (ready.service_id,))
        told = await desk.store.read(notices.recent)
        assert any("Mirror answers and seems to have the same panel" in n.body for n in told)
        fake.health_state = HealthState.UP
        await send_job(desk, job.id)
        assert await mirrors_of(desk, job.id) == (), "it is at its service"

    asyncio.run(play())


def test_a_mirror_that_an_institution_hides_is_none(
    desk: Desk, ready: JobDraft, mirror: str, tmp_path: Path
) -> None:
    async def play() -> None:
        await create_job(desk, ready)
        job = await only_job(desk)
        await desk.update_service(mirror, preset_id="michigan")
        assert len(await mirrors_of(desk, job.id)) == 1
        signer = Signer()
        await install_catalogue(
            desk, written(tmp_path, signer, services=[], hide=["michigan"]), signer.public
        )
        assert await mirrors_of(desk, job.id) == ()

    asyncio.run(play())


def test_a_mirror_where_the_data_may_not_go_is_none(
    desk: Desk, fake: FakeFamily, ready: JobDraft, mirror: str
) -> None:
    async def play() -> None:
        await desk.update_service(ready.service_id, country="DE")
        await desk.update_service(mirror, country="US")
        await state_residency(desk, ready.dataset_id, "EU")
        await create_job(desk, ready)
        job = await only_job(desk)
        assert await mirrors_of(desk, job.id) == ()
        with pytest.raises(ProblemError, match="cannot go there"):
            await mirror_draft(desk, job.id, mirror)
        fake.health_state = HealthState.DOWN
        for _ in range(2):
            await check_services(desk, (ready.service_id,))
        told = await desk.store.read(notices.recent)
        assert any("Haplodesk keeps looking" in n.body for n in told)
        assert not any("Mirror" in n.body for n in told), "nobody proposes it either"

    asyncio.run(play())


def test_a_job_that_may_be_at_its_service_goes_nowhere_else(
    desk: Desk, fake: FakeFamily, ready: JobDraft, mirror: str
) -> None:
    async def play() -> None:
        fake.answer_lost = fault(Kind.NO_NETWORK)
        await create_job(desk, ready)
        fake.list_fault = fault(Kind.NO_NETWORK)
        job = await only_job(desk)
        await send_job(desk, job.id)
        assert await mirrors_of(desk, job.id) == ()

    asyncio.run(play())


def test_another_version_of_an_application_is_told(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        old = (ServiceApp(id="impute@0", name="Impute", version="0"),)
        await desk.update_service(ready.service_id, apps=old)
        await sync_panels(desk, (ready.service_id,))
        told = await desk.store.read(notices.recent)
        assert any(n.body.startswith("New: impute@1") and "Gone: impute@0" in n.body for n in told)
        number = len(told)
        await sync_panels(desk, (ready.service_id,))
        assert len(await desk.store.read(notices.recent)) == number

    asyncio.run(play())


def test_options_go_along_as_far_as_the_mirror_knows_them(desk: Desk, ready: JobDraft, mirror: str) -> None:
    """Terms never do: a person has to read them there."""
    text = Parameter(id="note", label="Note", type=ParameterType.TEXT)
    mode = Parameter(
        id="mode", label="Mode", type=ParameterType.CHOICE, choices=(Choice(key="fast", label="Fast"),)
    )
    least = Parameter(id="r2Filter", label="R2", type=ParameterType.NUMBER, minimum=0, maximum=0.3)

    async def play() -> None:
        for service_id, more in ((ready.service_id, (text, mode, least)), (mirror, (mode, least))):
            stored = await desk.store.read(partial(services.form, service_id=service_id, app_id=ready.app_id))
            assert stored is not None
            form = stored.form.model_copy(update={"parameters": (*stored.form.parameters, *more)})
            kept = stored.model_copy(update={"form": form})
            await desk.store.write(partial(services.save_form, stored=kept))
        await create_job(desk, ready)
        job = await only_job(desk)
        chosen: dict[str, str | bool] = {"note": "mine", "mode": "fast", "r2Filter": "0.9"}
        await desk.update_job(job.id, options={**job.options, **chosen}, password_set=False)
        draft = await mirror_draft(desk, job.id, mirror)
        assert draft.options["mode"] == "fast"
        assert draft.options["population"] == job.options["population"]
        assert not {"note", "r2Filter", "check1"} & set(draft.options)
        assert ready.panel_id not in draft.options.values()
        assert not draft.own_password

    asyncio.run(play())
