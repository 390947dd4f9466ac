"""What views do, on the real desk. Operations are imported when first used, so that the window opens fast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.settings import Settings

if TYPE_CHECKING:
    from app.operations.desk import Desk
    from app.operations.draft_job import JobDraft, Preflight


class DeskOperations:
    """`Operations` of the window: each method is the operation of that name."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def add_service(
        self,
        name: str,
        url: str = "",
        token: SecretStr | None = None,
        preset_id: str | None = None,
        plain_http_allowed: bool = False,
    ) -> Changes:
        """Add a service after a first look at it."""
        from app.operations.add_service import add_service

        return await add_service(
            self._desk,
            name,
            url,
            token=token,
            preset_id=preset_id,
            plain_http_allowed=plain_http_allowed,
        )

    async def set_token(self, service_id: str, token: SecretStr) -> Changes:
        """Keep a token in the keyring if the service accepts it."""
        from app.operations.change_service import set_token

        return await set_token(self._desk, service_id, token)

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
    ) -> Changes:
        """Check the files of a dataset, by the rules of a service if one is named."""
        from app.operations.check_dataset import check_dataset

        return await check_dataset(self._desk, dataset_id, service_id, panel_id, build)

    async def remove_dataset(self, dataset_id: str) -> Changes:
        """Forget a dataset; its files stay where they are."""
        from app.operations.add_dataset import remove_dataset

        return await remove_dataset(self._desk, dataset_id)

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

    async def cancel_job(self, job_id: str) -> Changes:
        """Stop a job, here or at the service."""
        from app.operations.end_job import cancel_job

        return await cancel_job(self._desk, job_id)

    async def restart_job(self, job_id: str) -> Changes:
        """Start a job again."""
        from app.operations.end_job import restart_job

        return await restart_job(self._desk, job_id)

    async def visit_jobs(self, service_id: str) -> Changes:
        """Look at the jobs of a service now."""
        from app.operations.visit_jobs import visit_jobs

        return await visit_jobs(self._desk, service_id)

    async def forget_job(self, job_id: str) -> Changes:
        """Remove an ended job from the list."""
        from app.operations.end_job import forget_job

        return await forget_job(self._desk, job_id)

    async def fetch_results(
        self, job_id: str, to: Path | None = None, password: SecretStr | None = None
    ) -> Changes:
        """Download, decrypt and verify."""
        from app.operations.fetch_results import fetch_results

        return await fetch_results(self._desk, job_id, to, password)

    async def mark_result_seen(self, result_id: str) -> Changes:
        """The user has looked at a result: its badge goes."""
        from app.operations.change_settings import mark_result_seen

        return await mark_result_seen(self._desk, result_id)

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
