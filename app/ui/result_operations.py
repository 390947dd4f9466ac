"""What views do with results and benchmarks, on the real desk; imported when first used, like the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app.domain.changes import Changes

if TYPE_CHECKING:
    from app.domain.accuracy import TruthScore
    from app.domain.crate import CrateProof
    from app.domain.export import ExportOutcome, ExportRequest
    from app.domain.ledger import ResultLedger
    from app.domain.result_comparison import ResultComparison
    from app.operations.desk import Desk
    from app.operations.draft_job import JobDraft
    from app.operations.masked_benchmark import BenchmarkPlan
    from app.operations.side_by_side import Joining


class ResultOperations:
    """The part of `Operations` that works on what came back, and on benchmarks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

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

    async def import_result(
        self,
        paths: Sequence[Path],
        name: str = "",
        password: SecretStr | None = None,
        dataset_id: str | None = None,
        copy: bool = False,
    ) -> Changes:
        """Take in a result that was made or fetched elsewhere."""
        from app.operations.import_result import import_result

        return await import_result(self._desk, tuple(paths), name, password, dataset_id, copy=copy)

    async def remove_result(self, result_id: str, delete_files: bool = False) -> Changes:
        """Forget a result; its files go only when that is said."""
        from app.operations.remove_result import remove_result

        return await remove_result(self._desk, result_id, delete_files=delete_files)

    async def measure_quality(self, result_id: str, panel: Sequence[Path] = ()) -> Changes:
        """Measure a result; its figures are kept."""
        from app.operations.show_quality import measure_quality

        return await measure_quality(self._desk, result_id, tuple(panel))

    async def make_ledger(self, result_id: str) -> ResultLedger:
        """Make the books of a result anew."""
        from app.operations.result_ledger import make_ledger
        from app.operations.tasks import TaskKind

        with self._desk.tasks.running_task(TaskKind.CHECK, "Counting sites and samples") as task:
            return await make_ledger(self._desk, result_id, task.report)

    async def export_result(self, result_id: str, request: ExportRequest) -> ExportOutcome:
        """Filter a result and write it for another program."""
        from app.operations.export_known import export_known

        return await export_known(self._desk, result_id, request)

    async def compare_results(self, result_ids: Sequence[str], truth: Path | None = None) -> ResultComparison:
        """Lay results of one cohort side by side."""
        from app.operations.side_by_side import compare_known

        return await compare_known(self._desk, result_ids, truth)

    async def score_by_ancestry(
        self, result_ids: Sequence[str], truth: Path, people: Path | None = None
    ) -> tuple[TruthScore, ...]:
        """Score results against a truth file by groups of people."""
        from app.operations.side_by_side import score_by_ancestry

        return await score_by_ancestry(self._desk, result_ids, truth, people)

    async def note_price(self, result_id: str, price: str) -> Changes:
        """Keep what a result has cost."""
        from app.operations.change_settings import note_price

        return await note_price(self._desk, result_id, price)

    async def link_result(self, result_id: str, dataset_id: str | None) -> Changes:
        """Keep what was sent for a result from elsewhere."""
        from app.operations.link_result import link_result

        return await link_result(self._desk, result_id, dataset_id)

    async def leave_out_suspects(self, result_id: str, sites: Sequence[tuple[str, int]]) -> Changes:
        """Write the dataset of a result anew without suspect sites."""
        from app.operations.leave_out_suspects import leave_out_suspects

        return await leave_out_suspects(self._desk, result_id, sites)

    async def draft_like(self, dataset_id: str, job_id: str) -> JobDraft:
        """A draft that sends a dataset as another one was sent."""
        from app.operations.leave_out_suspects import draft_like

        return await draft_like(self._desk, dataset_id, job_id)

    async def join_results(self, result_ids: Sequence[str], how: Joining, name: str) -> Changes:
        """Make one result of several."""
        from app.operations.side_by_side import join_known

        return await join_known(self._desk, result_ids, how, name)

    async def save_result_report(self, result_id: str, path: Path, names: bool) -> None:
        """Write the report of a result as a page or as PDF, its methods or its references."""
        from app.operations.report_result import save_result_report

        await save_result_report(self._desk, result_id, (path,), names=names, overwrite=True)

    async def methods_of_result(self, result_id: str) -> tuple[str, str]:
        """The methods paragraph and the references as BibTeX."""
        from app.operations.report_result import methods_of_result

        return await methods_of_result(self._desk, result_id)

    async def crate_result(self, result_id: str, names: bool, overwrite: bool = False) -> int:
        """Write a crate into the folder of a result; how many files it proves."""
        from app.operations.crate_result import crate_result

        return await crate_result(self._desk, result_id, names=names, overwrite=overwrite)

    async def verify_result(self, result_id: str) -> CrateProof:
        """Prove the files of a result."""
        from app.operations.crate_result import verify_result

        return await verify_result(self._desk, result_id)

    async def make_benchmark(self, plan: BenchmarkPlan) -> Changes:
        """Hide sites of a dataset; nothing is sent yet."""
        from app.operations.masked_benchmark import make_benchmark

        return await make_benchmark(self._desk, plan)

    async def benchmark_drafts(self, benchmark_id: str) -> dict[str, JobDraft]:
        """A draft for each panel that has no job, or whose job failed."""
        from app.operations.masked_benchmark import benchmark_drafts

        return await benchmark_drafts(self._desk, benchmark_id)

    async def send_benchmark(self, benchmark_id: str, drafts: Mapping[str, JobDraft]) -> Changes:
        """Check and send what is not hidden, one panel after the other."""
        from app.operations.masked_benchmark import send_benchmark

        return await send_benchmark(self._desk, benchmark_id, drafts)

    async def remove_benchmark(self, benchmark_id: str) -> Changes:
        """Forget a benchmark and what it hid."""
        from app.operations.masked_benchmark import remove_benchmark

        return await remove_benchmark(self._desk, benchmark_id)

    async def winner_draft(self, benchmark_id: str, *, again: bool = False) -> JobDraft:
        """A draft that sends the whole dataset to the best panel."""
        from app.operations.benchmark_scores import winner_draft

        return await winner_draft(self._desk, benchmark_id, again=again)
