"""What views do, on the real desk. Operations are imported when first used, so that the window opens fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.job import JobState
from app.domain.settings import Settings
from app.ui.result_operations import ResultOperations

if TYPE_CHECKING:
    from app.domain.comparison import Comparison
    from app.domain.parameter import Parameter
    from app.domain.repair import RepairCode, RepairPlan
    from app.operations.draft_job import JobDraft, Preflight
    from app.operations.job_group import GroupSent
    from app.operations.sign_in import OpenSignIn
    from app.services.abilities import RunLog


class DeskOperations(ResultOperations):
    """`Operations` of the window: each method is the operation of that name."""

    async def add_service(
        self,
        name: str,
        url: str = "",
        token: SecretStr | None = None,
        preset_id: str | None = None,
        plain_http_allowed: bool = False,
        description: Path | None = None,
    ) -> Changes:
        """Add a service after a first look at it; `description` is a file that says how it is spoken to."""
        from app.operations.add_service import add_service

        return await add_service(
            self._desk,
            name,
            url,
            "described" if description is not None else None,
            token,
            preset_id,
            plain_http_allowed,
            {"described": str(description)} if description is not None else None,
        )

    async def set_token(self, service_id: str, token: SecretStr) -> Changes:
        """Keep a token in the keyring if the service accepts it."""
        from app.operations.change_service import set_token

        return await set_token(self._desk, service_id, token)

    async def begin_sign_in(self, service_id: str, *, paste: bool = False, client_id: str = "") -> OpenSignIn:
        """Get the page on which the person signs in."""
        from app.operations.sign_in import begin_sign_in

        return await begin_sign_in(self._desk, service_id, paste=paste, client_id=client_id)

    async def finish_sign_in(self, opened: OpenSignIn, pasted: SecretStr | None) -> Changes:
        """Wait for the browser, or take the pasted code."""
        from app.operations.sign_in import finish_sign_in

        return await finish_sign_in(self._desk, opened, pasted)

    async def close_sign_in(self, opened: OpenSignIn) -> None:
        """Stop waiting."""
        await opened.close()

    async def setup_fields(self, service_id: str) -> tuple[Parameter, ...]:
        """What may be said of a service beyond its address."""
        from app.operations.service_setup import setup_fields

        return await setup_fields(self._desk, service_id)

    async def change_setup(self, service_id: str, setup: Mapping[str, str]) -> Changes:
        """Say it."""
        from app.operations.service_setup import change_setup

        return await change_setup(self._desk, service_id, setup)

    async def remove_token(self, service_id: str) -> Changes:
        """Forget a token."""
        from app.operations.change_service import remove_token

        return await remove_token(self._desk, service_id)

    async def remove_service(self, service_id: str) -> Changes:
        """Remove a service without open jobs."""
        from app.operations.change_service import remove_service

        return await remove_service(self._desk, service_id)

    async def enable_service(self, service_id: str, enabled: bool) -> Changes:
        """Switch a service on or off."""
        from app.operations.change_service import enable_service

        return await enable_service(self._desk, service_id, enabled)

    async def check_services(self, service_ids: Sequence[str]) -> Changes:
        """Look at services now."""
        from app.operations.check_services import check_services

        return await check_services(self._desk, tuple(service_ids))

    async def sync_panels(self, service_ids: Sequence[str]) -> Changes:
        """Read the panels of services now."""
        from app.operations.sync_panels import sync_panels

        return await sync_panels(self._desk, tuple(service_ids))

    async def read_form(self, service_id: str, app_id: str) -> Changes:
        """Read the parameters of an application; the form is in the library afterwards."""
        from app.operations.sync_panels import read_form

        await read_form(self._desk, service_id, app_id)
        return Changes.of(Noun.SERVICE, service_id)

    async def add_dataset(self, paths: Sequence[Path], name: str | None = None) -> Changes:
        """Make a dataset of files."""
        from app.operations.add_dataset import add_dataset

        return await add_dataset(self._desk, tuple(paths), name)

    async def rename_dataset(self, dataset_id: str, name: str) -> Changes:
        """Give a dataset another name."""
        from app.operations.add_dataset import rename_dataset

        return await rename_dataset(self._desk, dataset_id, name)

    async def check_dataset(
        self,
        dataset_id: str,
        service_id: str | None = None,
        panel_id: str | None = None,
        build: str | None = None,
        population: str = "",
    ) -> Changes:
        """Check the files of a dataset, by the rules of a service if one is named."""
        from app.operations.check_dataset import check_dataset

        return await check_dataset(self._desk, dataset_id, service_id, panel_id, build, population=population)

    async def state_residency(self, dataset_id: str, text: str) -> Changes:
        """`operations.residency.state_residency`."""
        from app.operations.residency import state_residency

        return await state_residency(self._desk, dataset_id, text)

    async def state_country(self, service_id: str, text: str) -> Changes:
        """`operations.change_service.state_country`."""
        from app.operations.change_service import state_country

        return await state_country(self._desk, service_id, text)

    async def state_build(self, dataset_id: str, build: str) -> Changes:
        """State the build of a dataset; empty takes it back."""
        from app.operations.state_build import state_build

        return await state_build(self._desk, dataset_id, build)

    async def use_reference(self, path: Path) -> str:
        """Use a FASTA file for all files of its build, which is given."""
        from app.operations.reference_genomes import use_reference

        return await use_reference(self._desk, path)

    async def forget_reference(self, build: str) -> Changes:
        """Use no reference genome for files of a build any more; empty: of none."""
        from app.operations.reference_genomes import forget_reference

        return await forget_reference(self._desk, build)

    async def remove_dataset(self, dataset_id: str) -> Changes:
        """Forget a dataset; its files stay where they are."""
        from app.operations.add_dataset import remove_dataset

        return await remove_dataset(self._desk, dataset_id)

    async def predict(
        self,
        dataset_id: str,
        service_id: str,
        panel_id: str | None = None,
        population: str = "",
        build: str | None = None,
    ) -> Changes:
        """What a service would say of a dataset; kept in the dataset."""
        from app.operations.predict import predict

        return await predict(self._desk, dataset_id, service_id, panel_id, population, build)

    async def learn_from_excluded(
        self, dataset_id: str, path: Path, service_id: str, panel_id: str | None
    ) -> Comparison:
        """Compare the prediction with the list of a real job, and learn the panel's alleles from it."""
        from app.operations.predict import learn_from_excluded

        return await learn_from_excluded(self._desk, dataset_id, path, service_id, panel_id)

    async def plan_repair(
        self,
        dataset_id: str,
        service_id: str | None = None,
        panel_id: str | None = None,
        population: str = "",
        chain: Path | None = None,
        drop_samples: Sequence[str] = (),
        chosen: Sequence[RepairCode] | None = None,
    ) -> RepairPlan:
        """What would be done to make a dataset ready; nothing is written."""
        from app.operations.repair_dataset import plan_repair

        return await plan_repair(
            self._desk,
            dataset_id,
            service_id,
            panel_id,
            population,
            chain,
            tuple(drop_samples),
            None if chosen is None else tuple(chosen),
        )

    async def repair_dataset(
        self,
        dataset_id: str,
        service_id: str | None,
        panel_id: str | None,
        chosen: Sequence[RepairCode],
        folder: Path | None = None,
        population: str = "",
        chain: Path | None = None,
        drop_samples: Sequence[str] = (),
    ) -> Changes:
        """Write repaired files and add them as a dataset of their own; the given files stay as they are."""
        from app.operations.repair_dataset import repair_dataset

        return await repair_dataset(
            self._desk,
            dataset_id,
            service_id,
            panel_id,
            tuple(chosen),
            folder,
            population,
            chain,
            tuple(drop_samples),
        )

    async def add_panel_sites(
        self, paths: Sequence[Path], name: str, build: str, panel_keys: Sequence[str] = ()
    ) -> Changes:
        """Keep a list of the sites of a panel."""
        from app.operations.panel_sites import add_panel_sites

        return await add_panel_sites(self._desk, tuple(paths), name, build, tuple(panel_keys))

    async def add_local_panel(
        self, name: str, paths: Sequence[Path], build: str | None = None, maps: Sequence[Path] = ()
    ) -> Changes:
        """Take in a panel for imputation on this computer."""
        from app.operations.local_panels import add_local_panel

        return await add_local_panel(self._desk, name, tuple(paths), build, tuple(maps))

    async def remove_local_panel(self, panel_id: str) -> Changes:
        """Remove a panel of this computer."""
        from app.operations.local_panels import remove_local_panel

        return await remove_local_panel(self._desk, panel_id)

    async def compare_with_panels(self, dataset_id: str) -> Changes:
        """Count which sites of a dataset are in panels whose sites are known."""
        from app.operations.panel_overlap import compare_with_panels

        return await compare_with_panels(self._desk, dataset_id)

    async def mark_panels(self, keys: Sequence[str], favourite: bool) -> Changes:
        """Mark panels as favourites, or take their marks away."""
        from app.operations.favourite_panels import mark_panels

        return await mark_panels(self._desk, tuple(keys), favourite=favourite)

    async def install_catalogue(self, path: Path, key: str) -> Changes:
        """Keep the catalogue of an institution if its signature is of the key."""
        from app.operations.catalogues import install_catalogue

        return await install_catalogue(self._desk, path, key)

    async def remove_catalogue(self, key: str) -> Changes:
        """Take the catalogue of an institution away."""
        from app.operations.catalogues import remove_catalogue

        return await remove_catalogue(self._desk, key)

    async def export_catalogue(self, path: Path) -> int:
        """Write all presets into a new file; gives how many."""
        from app.operations.catalogues import export_catalogue

        return await export_catalogue(self._desk, path)

    async def bind_panel_sites(self, list_id: str, panel_keys: Sequence[str]) -> Changes:
        """Say which panels a list is of."""
        from app.operations.panel_sites import bind_panel_sites

        return await bind_panel_sites(self._desk, list_id, tuple(panel_keys))

    async def remove_panel_sites(self, list_id: str) -> Changes:
        """Remove a list from this computer."""
        from app.operations.panel_sites import remove_panel_sites

        return await remove_panel_sites(self._desk, list_id)

    async def add_chain(self, path: Path, from_build: str = "", to_build: str = "") -> Changes:
        """Keep a chain file that the user gives."""
        from app.operations.chains import add_chain

        return await add_chain(self._desk, path, from_build, to_build)

    async def download_chain(self, from_build: str, to_build: str) -> Changes:
        """Fetch a chain file whose offer the user has seen and agreed to."""
        from app.operations.chains import download_chain

        return await download_chain(self._desk, from_build, to_build)

    async def remove_chain(self, chain_id: str) -> Changes:
        """Remove a chain file from this computer."""
        from app.operations.chains import remove_chain

        return await remove_chain(self._desk, chain_id)

    async def save_report(self, dataset_id: str, path: Path, names: bool) -> None:
        """Write what a check found as a page or as JSON, by the end of the name."""
        from app.operations.save_report import save_report

        await save_report(self._desk, dataset_id, path, names)

    async def preflight(self, draft: JobDraft) -> Preflight:
        """Look at everything that can stop a job, before anything is sent."""
        from app.operations.preflight import preflight

        return await preflight(self._desk, draft)

    async def preview(self, draft: JobDraft) -> Preflight:
        """What can be said of a draft without asking anybody."""
        from app.operations.preflight import preview

        return await preview(self._desk, draft)

    async def create_job(self, draft: JobDraft) -> Changes:
        """Check everything and write the job down; the scheduler sends it within seconds."""
        from app.operations.submit_job import create_job

        return await create_job(self._desk, draft)

    async def preview_group(self, drafts: Sequence[JobDraft], phase_with: str = "") -> tuple[Preflight, ...]:
        """What can be said of the drafts of a group without asking anybody."""
        from app.operations.job_group import preview_group

        return await preview_group(self._desk, drafts, phase_with)

    async def create_group(
        self,
        drafts: Sequence[JobDraft],
        *,
        send_others: bool = False,
        phase_with: str = "",
        phase_by: str = "",
    ) -> GroupSent:
        """Check everything for every service and write the jobs down; the scheduler sends them."""
        from app.operations.job_group import create_group

        return await create_group(
            self._desk, drafts, send_others=send_others, phase_with=phase_with, phase_by=phase_by
        )

    async def mirror_draft(self, job_id: str, service_id: str) -> JobDraft:
        """A draft that sends the data of a waiting job elsewhere."""
        from app.operations.fail_over import mirror_draft

        return await mirror_draft(self._desk, job_id, service_id)

    async def cancel_job(self, job_id: str) -> Changes:
        """Stop a job, here or at the service."""
        from app.operations.end_job import cancel_job

        return await cancel_job(self._desk, job_id)

    async def restart_job(self, job_id: str) -> Changes:
        """Start a job again."""
        from app.operations.end_job import restart_job

        return await restart_job(self._desk, job_id)

    async def run_logs(self, job_id: str) -> tuple[RunLog, ...]:
        """The texts that a job left at its service."""
        from app.operations.run_logs import run_logs

        return await run_logs(self._desk, job_id)

    async def visit_jobs(self, service_id: str) -> Changes:
        """Look at the jobs of a service now."""
        from app.operations.visit_jobs import visit_jobs

        return await visit_jobs(self._desk, service_id)

    async def forget_job(self, job_id: str) -> Changes:
        """Remove an ended job from the list."""
        from app.operations.end_job import forget_job

        return await forget_job(self._desk, job_id)

    async def tell_job(self, job_id: str, state: JobState, note: str = "") -> Changes:
        """Take down what a person saw on the page of a service."""
        from app.operations.tell_job import tell_job

        return await tell_job(self._desk, job_id, state, note)

    async def tick_step(self, job_id: str, number: int, done: bool) -> Changes:
        """Remember that a step on the page is done."""
        from app.operations.tell_job import tick_step

        return await tick_step(self._desk, job_id, number, done)

    async def bring_result(
        self, job_id: str, paths: Sequence[Path], password: SecretStr | None = None
    ) -> Changes:
        """Take in the result that a person downloaded."""
        from app.operations.tell_job import bring_result

        return await bring_result(self._desk, job_id, paths, password)

    async def start_practice(self) -> Changes:
        """Start the practice server and have it among the services."""
        from app.operations.practise import start_practice

        return await start_practice(self._desk)

    async def stop_practice(self) -> Changes:
        """Stop the practice server."""
        from app.operations.practise import stop_practice

        return await stop_practice(self._desk)

    async def add_practice_data(self) -> Changes:
        """Make the practice cohort and add it as a dataset."""
        from app.operations.practise import add_practice_data

        return await add_practice_data(self._desk)

    async def save_settings(self, settings: Settings) -> Changes:
        """Keep the settings."""
        from app.operations.change_settings import save_settings

        return await save_settings(self._desk, settings)
