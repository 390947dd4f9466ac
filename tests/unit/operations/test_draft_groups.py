"""A dataset with several groups of people is no single job, however good its files are."""

from datetime import UTC, datetime

from app.domain.dataset import Dataset, DatasetState
from app.domain.finding import CheckReport, Finding, Severity
from app.operations.draft_job import JobDraft, check_dataset_state

DRAFT = JobDraft(dataset_id="d", service_id="s", app_id="a", panel_id="p")


def dataset(*codes: str) -> Dataset:
    findings = tuple(Finding(code=code, severity=Severity.INFO, title=code) for code in codes)
    report = CheckReport(accepted=True, stage="ok", findings=findings)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Dataset(id="d", name="d", files=(), state=DatasetState.CHECKED, report=report, added=now)


def test_several_groups_of_people_are_no_job() -> None:
    (found,) = check_dataset_state(DRAFT, dataset("files.groups"))
    assert found.field == "dataset"
    assert not check_dataset_state(DRAFT, dataset("site.monomorphic"))
