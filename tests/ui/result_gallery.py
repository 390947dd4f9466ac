"""Pictures of the pages of results: every tab, many results with long names, the import, the comparison."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

from pydantic import SecretStr
from PySide6.QtWidgets import QApplication

from app.domain.accuracy import AncestryScore, AncestrySource, ScoredBin, TruthScore
from app.domain.export import DropReason, ExportedSet, ExportFormat, ExportOutcome
from app.domain.problem import Kind, Problem
from app.domain.progress import Progress
from app.domain.result_comparison import (
    Agreement,
    AgreementBin,
    ChromosomeCoverage,
    ComparedResult,
    Coverage,
    EstimateBin,
    RankedBy,
    ResultComparison,
    TruthBin,
)
from app.operations.tasks import Task, TaskKind
from app.ui.views.compare.compare_view import CompareView
from app.ui.views.results.import_dialog import ImportDialog, ImportWish
from app.ui.views.results.result_detail import ResultDetail
from app.ui.views.results.results_view import ResultsView
from app.ui.widgets.switcher import Switcher
from app.ui.window import MainWindow
from tests.ui import samples
from tests.ui.fakes import FakeLibrary
from tests.ui.measured import ledger, measured

Settle = Callable[[QApplication, float], None]
LONG = "UKB-like cohort of the northern centres, second wave, chromosomes 1–22 and X, phased again"
BINS = ((0, 0.001), (0.001, 0.01), (0.01, 0.05), (0.05, 0.5))
NAMES = ("Michigan 1000G", "TOPMed r3", "Helmholtz HRC")


def with_results(library: FakeLibrary, many: int = 0) -> FakeLibrary:
    """Results that were measured and booked; with `many` a list as long as years of work make it."""
    first = samples.result(1).model_copy(update={"complete": True, "price": "0 €"})
    library.all_results = [
        first,
        samples.result(2).model_copy(
            update={"complete": False, "job_id": "", "name": LONG, "origin": "Beagle"}
        ),
        samples.result(3).model_copy(update={"seen": True}),
    ]
    library.all_results += [
        samples.result(n + 4).model_copy(update={"seen": True, "job_id": "", "name": f"{LONG} {n}"})
        for n in range(many)
    ]
    library.all_quality = {"result-1": measured()}
    library.all_ledgers = {"result-1": ledger()}
    return library


def answers() -> dict[str, object]:
    """What operations give for the pages of results."""
    methods = "Genotypes were imputed on the Michigan Imputation Server with the panel HRC r1.1 (1, 2)."
    return {
        "methods_of_result": (methods, "@article{das2016,\n  year = {2016}\n}\n"),
        "compare_results": comparison(),
        "score_by_ancestry": scores(),
    }


def results_view(window: MainWindow) -> ResultsView:
    """The page of results."""
    view = window.view("results")
    assert isinstance(view, ResultsView)
    return view


def grab_results(
    app: QApplication, window: MainWindow, library: FakeLibrary, folder: Path, scheme: str, settle: Settle
) -> None:
    """Every tab of a measured result, wide and in a low window; then what stands around them."""
    window.navigate("results", "result-1")
    settle(app, 1.0)
    detail = results_view(window).detail
    window.grab().save(str(folder / f"r-both-{scheme}.png"))
    detail.whole.setChecked(True)
    for width, height, kind in ((1280, 820, ""), (880, 560, "-narrow")):
        window.resize(width, height)
        settle(app, 0.2)
        _grab_tabs(app, window, detail, folder, f"{kind}-{scheme}", settle)
    window.resize(1280, 820)
    _grab_export(app, window, library, folder, scheme, settle)
    detail.whole.setChecked(False)
    _grab_import(app, window, folder, scheme, settle)
    _grab_compare(app, window, folder, scheme, settle)


def _grab_tabs(
    app: QApplication, window: MainWindow, detail: ResultDetail, folder: Path, ending: str, settle: Settle
) -> None:
    for number in range(detail.tabs.count()):
        if not detail.tabs.isTabVisible(number):
            continue
        detail.tabs.setCurrentIndex(number)
        switcher = next(iter(detail.tabs.widget(number).findChildren(Switcher)), None)
        for part in range(switcher.stack.count() if switcher is not None else 1):
            if switcher is not None:
                switcher.show_number(part)
            settle(app, 0.3)
            window.grab().save(str(folder / f"r-{number}-{part}{ending}.png"))


def _grab_export(
    app: QApplication, window: MainWindow, library: FakeLibrary, folder: Path, scheme: str, settle: Settle
) -> None:
    """An export that runs, and what it wrote."""
    detail = results_view(window).detail
    assert detail.facts is not None
    detail.tabs.setCurrentWidget(detail.exports)
    running = Task(TaskKind.EXPORT, "Export for regenie", id="t9", job_id=detail.facts.result.job_id)
    running.progress = Progress(done=3_000_000, total=20_000_000, unit="variants", step="Chromosome 20")
    before, library.all_tasks = library.all_tasks, [*library.all_tasks, running]
    detail.show_tasks()
    settle(app, 0.3)
    window.grab().save(str(folder / f"r-export-running-{scheme}.png"))
    library.all_tasks = before
    detail.show_tasks()
    detail.exports._written(_outcome())
    settle(app, 0.3)
    window.grab().save(str(folder / f"r-export-done-{scheme}.png"))


def _outcome() -> ExportOutcome:
    made = ExportedSet(
        source="chr20.dose.vcf.gz",
        variants=20_600,
        files=("/out/chr20.bgen", "/out/chr20.bgen.bgi", "/out/chr20.sample"),
        samples=48,
        kept=14_012,
        dropped={DropReason.LOW_R2: 6_588},
        verified=True,
        command="regenie --step 2 --bgen chr20.bgen --sample chr20.sample --ref-first",
        chromosomes=("20",),
    )
    return ExportOutcome(format=ExportFormat.BGEN, sets=(made,), seconds=3.2)


def _grab_import(app: QApplication, window: MainWindow, folder: Path, scheme: str, settle: Settle) -> None:
    """The question at first, and after a wrong password."""
    wish = ImportWish((Path("chr_20.zip"), Path("chr_22.zip")), LONG, SecretStr("x"), "dataset-1", False)
    wrong = Problem(
        kind=Kind.INPUT,
        title="The password does not fit",
        what_happened="The archive chr_20.zip cannot be opened with this password.",
        what_you_can_do="Copy it out of the mail of the server, without blanks.",
    )
    for name, paths in (("empty", ()), ("password", wish.paths)):
        dialog = ImportDialog(window.context, paths, str, window)
        if paths:
            dialog.fill(wish, wrong)
        dialog.open()
        settle(app, 0.4)
        dialog.grab().save(str(folder / f"r-import-{name}-{scheme}.png"))
        dialog.reject()


def _grab_compare(app: QApplication, window: MainWindow, folder: Path, scheme: str, settle: Settle) -> None:
    window.navigate("compare", "result-1,result-2,result-3")
    settle(app, 0.3)
    view = window.view("compare")
    assert isinstance(view, CompareView)
    view.truth_path = Path("sequenced.vcf.gz")
    view.names = (*NAMES[:2], LONG)
    view._compared(comparison())
    view.ancestry.show_scores(scores())
    for part in range(view.switcher.stack.count()):
        view.switcher.show_number(part)
        settle(app, 0.4)
        window.grab().save(str(folder / f"r-compare-{part}-{scheme}.png"))
    window.resize(880, 560)
    settle(app, 0.4)
    window.grab().save(str(folder / f"r-compare-narrow-{scheme}.png"))
    window.resize(1280, 820)


def comparison() -> ResultComparison:
    """Three results beside a truth file."""
    rows = [
        ComparedResult(
            dir=f"/r{n}",
            name=name,
            variants=20_600 + 900 * n,
            own=40 * n,
            score=0.91 - 0.04 * n,
            by_maf=tuple(
                TruthBin(maf_from=a, maf_to=b, sites=500, r2=r, nonref_concordance=r, iqs=r - 0.05)
                for (a, b), r in zip(BINS, (0.4 - n / 20, 0.7 - n / 30, 0.86, 0.95), strict=True)
            ),
            missed=12 * n,
            estimated=tuple(
                EstimateBin(maf_from=a, maf_to=b, variants=5000, mean_r2=r, over_03=4000, over_08=3000)
                for (a, b), r in zip(BINS, (0.35, 0.66 - n / 30, 0.85, 0.94), strict=True)
            ),
            coverage=tuple(
                Coverage(r2=r, variants=int((20_000 + 900 * n) * (1 - r * 0.8)), shared=9_000, own=300)
                for r in (0.0, 0.3, 0.5, 0.8, 0.9)
            ),
            seconds=3600.0 * (n + 1) if n < 2 else None,
            price=("0 €", "120 €", None)[n],
        )
        for n, name in enumerate((*NAMES[:2], LONG))
    ]
    pairs = tuple(
        Agreement(
            first=a,
            second=b,
            variants=18_000,
            r2=0.97 - 0.02 * (a + b),
            by_maf=tuple(
                AgreementBin(maf_from=x, maf_to=y, variants=4000, r2=0.8 + 0.04 * n - 0.02 * (a + b))
                for n, (x, y) in enumerate(BINS)
            ),
        )
        for a, b in combinations(range(3), 2)
    )
    chromosomes = tuple(
        ChromosomeCoverage(
            chromosome=name, variants=(900, 910, 920), over_08=(700, 690, 650), mean_r2=(0.6, 0.6, 0.5)
        )
        for name in ("20", "21", "22")
    )
    return ResultComparison(
        people=48,
        union=23_000,
        shared=19_400,
        results=tuple(rows),
        agreements=pairs,
        chromosomes=chromosomes,
        ranking=("/r0", "/r1", "/r2"),
        ranked_by=RankedBy.TRUTH,
        truth="sequenced.vcf.gz",
    )


def scores() -> tuple[TruthScore, ...]:
    """The same by ancestry."""

    def whole(r2: float) -> ScoredBin:
        return ScoredBin(maf_from=0, maf_to=0.5, sites=500, r2=r2, iqs=r2 - 0.07)

    groups = (("AFR", 0.81), ("AMR", 0.88), ("EAS", 0.9), ("EUR", 0.94))
    return tuple(
        TruthScore(
            name=name,
            truth="sequenced.vcf.gz",
            people=48,
            sites=500,
            whole=whole(0.91 - 0.04 * n),
            by_maf=(),
            by_ancestry=tuple(
                AncestryScore(label=label, people=12, whole=whole(r2 - 0.05 * n), by_maf=())
                for label, r2 in groups
            ),
            ancestry_source=AncestrySource.PROJECTION,
        )
        for n, name in enumerate((*NAMES[:2], LONG))
    )
