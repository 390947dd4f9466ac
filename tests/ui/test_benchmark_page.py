"""Which panel is best: who may be asked, what is sent, the terms, and what comes out."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.domain.accuracy import AncestryScore, ScoredBin, TruthScore
from app.domain.benchmark import Benchmark, BenchmarkEntry, EntryState, HiddenSites, Standing
from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.job import JobState
from app.domain.problem import Kind, Problem
from app.operations.draft_job import JobDraft
from app.ui.context import Context
from app.ui.views.benchmark.benchmark_view import BenchmarkView
from app.ui.views.benchmark.standing_words import entry_shown, headline
from app.ui.views.new_job.new_job_view import NewJobView
from app.ui.views.uploads.uploads_view import UploadsView
from tests.ui import cohorts, forms, samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.test_window import nameless

APP = "imputationserver2@2.0.12"
HRC, THOUSAND = "apps@hrc-r1.1@2.0.0", "apps@1000g-phase-3-v5@2.0.0"


def entry(number: int, state: EntryState, standing: Standing | None = None, **more: str) -> BenchmarkEntry:
    panel = (HRC, THOUSAND)[number - 1]
    return BenchmarkEntry(
        key=f"e{number}",
        service_id="michigan",
        service_name="Michigan Imputation Server",
        app_id=APP,
        panel_id=panel,
        panel_name=("HRC r1.1 2016", "1000 Genomes")[number - 1],
        state=state,
        standing=standing,
        **more,
    )


def place(number: int, score: float, error: float | None = 0.004, apart: tuple[int, ...] = ()) -> Standing:
    return Standing(
        score=score, error=error, r2=score + 0.01, r2_error=error, present=0.98, place=number, not_apart=apart
    )


def benchmark(*entries: BenchmarkEntry, warnings: tuple[str, ...] = ()) -> Benchmark:
    hidden = HiddenSites(
        seed=42, share=0.02, chromosomes=("20", "22"), people=250, typed=20_000, hidden=400, by_maf=()
    )
    return Benchmark(
        id="bench-1",
        name="cohort",
        dataset_id="dataset-1",
        masked_id="dataset-9",
        created=samples.ago(hours=2),
        hidden=hidden,
        entries=entries,
        warnings=warnings,
    )


def scored(apart: tuple[int, ...] = ()) -> Benchmark:
    second = tuple(1 for _ in apart)
    return benchmark(
        entry(2, EntryState.SCORED, place(2, 0.871, apart=second)),
        entry(1, EntryState.SCORED, place(1, 0.912, apart=apart)),
        warnings=("Few sites are rare: of rare variants the figures tell little.",),
    )


def fill(library: FakeLibrary) -> None:
    library.all_services = list(samples.services())
    library.all_panels = list(samples.panels())
    library.all_datasets = [cohorts.judged(1)]
    library.practice = "http://127.0.0.1:41023"
    for service in library.all_services:
        library.all_forms[service.id, APP] = forms.form(service.id, APP)


@pytest.fixture
def view(context: Context, library: FakeLibrary, qtbot: QtBot) -> BenchmarkView:
    fill(library)
    made = BenchmarkView(context)
    qtbot.addWidget(made)
    made.resize(1200, 900)
    made.show()
    return made


def asked(view: BenchmarkView, qtbot: QtBot) -> None:
    view.reveal("dataset-1")
    qtbot.waitUntil(lambda: view.known is not None and view.page.isVisible())


def ready_to_tick(view: BenchmarkView, qtbot: QtBot) -> None:
    """Two panels of one service, and their form read."""
    asked(view, qtbot)
    for key, box in view.choice.boxes.items():
        box.setChecked(key in {("michigan", HRC), ("michigan", THOUSAND)})
    qtbot.waitUntil(lambda: bool(view.sending.boxes))


def answer_all(view: BenchmarkView) -> None:
    for each in view.sending.lists.values():
        each.setCurrentIndex(1)
    for box in view.sending.boxes.values():
        box.setChecked(True)


def test_without_a_dataset_it_says_what_to_do(view: BenchmarkView) -> None:
    assert view.empty.isVisible()
    assert not view.page.isVisible()


def test_only_services_that_take_jobs_can_be_ticked(view: BenchmarkView, qtbot: QtBot) -> None:
    asked(view, qtbot)
    boxes = view.choice.boxes
    assert not boxes["topmed", "apps@topmed-r3@1.0.0"].isEnabled()
    assert {key[0] for key, box in boxes.items() if box.isEnabled()} == {"michigan", "practice-server"}
    assert view.choice.chosen() == ()  # these files would be refused: a person may still tick
    assert view.choice.plan_share() == 0.02
    assert view.choice.plan_seed() is None
    assert nameless(view) == []


def test_all_panels_that_may_receive_the_data_are_ticked_at_first(
    view: BenchmarkView, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_datasets = [samples.dataset(1, True)]
    asked(view, qtbot)
    ticked = {key for key, box in view.choice.boxes.items() if box.isChecked()}
    assert ticked == {(p.service_id, p.id) for p in samples.panels() if p.service_id != "topmed"}


def test_two_panels_at_least_and_the_terms_of_a_person(view: BenchmarkView, qtbot: QtBot) -> None:
    ready_to_tick(view, qtbot)
    sending = view.sending
    assert sending.button.text() == "Hide and send to 2 panels"
    assert "2.0 % of the typed sites" in sending.summary.text()
    assert "chromosomes: 20, 22." in sending.summary.text()
    assert "stay on this computer" in sending.summary.text()
    assert "University of Michigan, USA" in sending.route.text()
    assert [each.accessibleName() for each in sending.lists.values()] == [
        "Allele Frequency Check, for 1000 Genomes Phase 3 (Version 5), HRC r1.1 2016"
    ]
    assert sending.hint.text() == "Choose in each list."
    assert not sending.button.isEnabled()
    answer_all(view)
    assert sending.button.isEnabled()
    next(iter(sending.boxes.values())).setChecked(False)
    assert sending.hint.text() == "Read the terms and tick their boxes."
    assert not sending.button.isEnabled()
    answer_all(view)
    view.choice.boxes["michigan", HRC].setChecked(False)
    assert sending.hint.text() == "Choose two panels or more."
    assert not sending.button.isEnabled()


def test_it_hides_and_sends_with_the_words_that_were_read(
    view: BenchmarkView, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    ready_to_tick(view, qtbot)
    view.choice.seed.setText("42")
    view.choice.share.setValue(5)
    answer_all(view)
    drafts = {
        f"e{n}": JobDraft(dataset_id="dataset-9", service_id="michigan", app_id=APP, panel_id=panel)
        for n, panel in enumerate((HRC, THOUSAND), 1)
    }
    operations.answers["make_benchmark"] = Changes.of(Noun.BENCHMARK, "bench-1")
    operations.answers["benchmark_drafts"] = drafts
    operations.answers["send_benchmark"] = Changes.of(Noun.JOB, "job-1") | Changes.of(Noun.JOB, "job-2")
    library.all_benchmarks = [benchmark(entry(1, EntryState.RUNNING), entry(2, EntryState.RUNNING))]
    view.sending.button.click()
    assert not view.sending.button.isEnabled()
    qtbot.waitUntil(lambda: "send_benchmark" in operations.names())
    assert operations.names() == ["make_benchmark", "benchmark_drafts", "send_benchmark"]
    plan = operations.calls[0][1][0]
    assert (plan.dataset_id, plan.seed, plan.share) == ("dataset-1", 42, 0.05)
    assert {each.panel_id for each in plan.targets} == {HRC, THOUSAND}
    benchmark_id, sent = operations.calls[2][1]
    assert benchmark_id == "bench-1"
    form = library.all_forms["michigan", APP].form
    words = {p.id: p.label for p in form.parameters if p.type == "terms"}
    assert words
    assert all(draft.terms == words for draft in sent.values())
    assert {draft.options["population"] for draft in sent.values()} == {"eur"}
    assert {draft.options["build"] for draft in sent.values()} == {"hg19"}
    qtbot.waitUntil(lambda: view.standing.isVisible() and not view.sending.isVisible())
    assert view.standing.words.text() == "Nothing is scored yet: 2 of 2 panels are awaited."
    assert not view.standing.winner.isVisible()
    assert not any(box.isChecked() for box in view.sending.boxes.values())


def test_when_nothing_can_be_hidden_it_says_why(
    view: BenchmarkView, operations: FakeOperations, qtbot: QtBot
) -> None:
    ready_to_tick(view, qtbot)
    answer_all(view)
    said = Problem(kind=Kind.INPUT, title="Nothing can be hidden", what_happened="There are too few sites.")
    operations.answers["make_benchmark"] = said
    view.sending.button.click()
    qtbot.waitUntil(lambda: view.sending.problem.isVisible())
    assert view.sending.problem.title.text() == "Nothing can be hidden"
    assert operations.names() == ["make_benchmark"]
    assert view.benchmark_id is None
    assert view.choice.isVisible()


def test_the_ranking_and_the_way_to_send_everything(
    view: BenchmarkView, context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_benchmarks = [scored()]
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda page, item: went.append((page, item))
    asked(view, qtbot)
    standing = view.standing
    assert standing.words.text() == "HRC r1.1 2016 is best for these data, with a score of 0.912 ± 0.004."
    assert standing.cautions.lines == scored().warnings
    rows = standing.table.short_model.texts(range(2))
    assert rows[0][:2] == ["1", "HRC r1.1 2016"]
    assert rows[0][3:8] == ["Scored", "0.912", "0.004", "0.922", "98.0 %"]
    assert rows[1][:2] == ["2", "1000 Genomes"]
    assert "400 of 20,000" in standing.hidden.text()
    assert "seed 42" in standing.hidden.text()
    assert not standing.again.isVisible()
    assert standing.winner.text() == "Send everything to HRC r1.1 2016"
    standing.winner.click()
    assert went == [("new_job", "bench-1")]
    assert nameless(view) == []


def test_what_could_be_chance_is_said(view: BenchmarkView, library: FakeLibrary, qtbot: QtBot) -> None:
    library.all_benchmarks = [scored(apart=(2,))]
    asked(view, qtbot)
    assert "not told apart from 1000 Genomes" in view.standing.words.text()
    assert view.standing.table.short_model.texts([0])[0][8] == "place 2"


def test_a_failed_panel_is_told_and_sent_again(
    view: BenchmarkView, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    why = "The service refused the files."
    library.all_benchmarks = [
        benchmark(entry(1, EntryState.SCORED, place(1, 0.9)), entry(2, EntryState.FAILED, problem=why))
    ]
    asked(view, qtbot)
    assert "nothing to compare it with" in view.standing.words.text()
    assert view.standing.table.short_model.texts([1])[0][9] == why
    assert not view.sending.isVisible()
    view.standing.again.click()
    qtbot.waitUntil(lambda: bool(view.sending.boxes))
    assert view.sending.button.text() == "Send again to 1 panel"
    answer_all(view)
    operations.answers["benchmark_drafts"] = {}
    operations.answers["send_benchmark"] = Problem(kind=Kind.REFUSED, title="Not sent", what_happened=why)
    view.sending.button.click()
    qtbot.waitUntil(lambda: view.sending.problem.isVisible())
    assert operations.names() == ["benchmark_drafts", "send_benchmark"]


def test_a_new_benchmark_can_be_chosen_beside_an_old_one(
    view: BenchmarkView, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_benchmarks = [scored()]
    asked(view, qtbot)
    assert view.standing.isVisible()
    view.past.setCurrentIndex(0)
    view.past.activated.emit(0)
    assert view.choice.isVisible()
    assert not view.standing.isVisible()


def test_states_are_told_as_they_are() -> None:
    running = EntryState.RUNNING
    assert entry_shown((running, "")).word == "Under way"
    assert entry_shown((running, JobState.QUEUED)).word == "Queued"
    assert entry_shown((running, JobState.SUCCESS)).word == "Done, to be fetched"
    assert entry_shown((EntryState.READY, "")).word == "Not sent"
    part = benchmark(entry(1, EntryState.SCORED, place(1, 0.9, None)), entry(2, running))
    assert "1 of 2 panels are still awaited." in headline(part)
    lost = benchmark(entry(1, EntryState.FAILED), entry(2, EntryState.FAILED))
    assert headline(lost) == "No panel could be scored."


def test_the_page_of_a_dataset_leads_here(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    fill(library)
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda page, item: went.append((page, item))
    uploads = UploadsView(context)
    qtbot.addWidget(uploads)
    uploads.show()
    qtbot.waitUntil(lambda: uploads.detail.isVisible() and uploads.current is not None)
    uploads.detail.best.click()
    assert went == [("benchmark", "dataset-1")]


def test_the_winner_fills_a_new_job(
    context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    fill(library)
    draft = JobDraft(
        name="All",
        dataset_id="dataset-1",
        service_id="michigan",
        app_id=APP,
        panel_id=HRC,
        group="bench-1/whole",
    )
    operations.answers["winner_draft"] = draft
    operations.answers["preview"] = None  # a slow machine looks while the form is still being filled
    made = NewJobView(context)
    qtbot.addWidget(made)
    made.show()
    made.reveal("bench-1")
    qtbot.waitUntil(lambda: made.filling.panel_id == HRC and made.form is not None)
    filling = made.filling
    assert (filling.dataset_id, filling.service_id, filling.name) == ("dataset-1", "michigan", "All")
    assert filling.terms == {}
    assert ("winner_draft", ("bench-1",), {"again": False}) in operations.calls
    assert (made.filling.draft() or draft).group == "bench-1/whole"
    made.reveal("bench-1 again")
    qtbot.waitUntil(lambda: ("winner_draft", ("bench-1",), {"again": True}) in operations.calls)
    made._choose_dataset("dataset-2")
    assert made.filling.group == ""


def test_chromosomes_are_chosen(view: BenchmarkView, library: FakeLibrary, qtbot: QtBot) -> None:
    library.all_datasets = [with_chromosomes("1", "20", "21", "22", "X")]
    ready_to_tick(view, qtbot)
    choice = view.choice
    assert list(choice.chromosomes) == ["1", "20", "21", "22"]
    assert choice.plan_chromosomes() == ("20", "22")
    answer_all(view)
    assert view.sending.button.isEnabled()
    for box in choice.chromosomes.values():
        box.setChecked(False)
    assert view.sending.hint.text() == "Choose a chromosome."
    assert not view.sending.button.isEnabled()
    choice.chromosomes["1"].setChecked(True)
    assert view._plan().chromosomes == ("1",)
    library.all_datasets = [with_chromosomes("3", "5")]
    view.refresh()
    qtbot.waitUntil(lambda: list(view.choice.chromosomes) == ["3", "5"])
    assert view.choice.plan_chromosomes() == ("3", "5")
    assert nameless(view) == []


def with_chromosomes(*names: str) -> Dataset:
    judged = cohorts.judged(1)
    assert judged.report is not None
    return judged.model_copy(update={"report": judged.report.model_copy(update={"chromosomes": names})})


def group(label: str, r2: float) -> AncestryScore:
    one = ScoredBin(maf_from=0.2, maf_to=0.5, sites=40, r2=r2)
    return AncestryScore(label=label, people=12, whole=one, by_maf=(one,))


def truth_score(**r2: float) -> TruthScore:
    whole = ScoredBin(maf_from=0, maf_to=0.5, sites=40)
    groups = tuple(group(label, each) for label, each in r2.items())
    return TruthScore(
        name="a", truth="b", people=24, sites=40, whole=whole, by_maf=(whole,), by_ancestry=groups
    )


def test_groups_of_people_are_told(view: BenchmarkView, library: FakeLibrary, qtbot: QtBot) -> None:
    first, second = scored().ranking
    entries = (
        first.model_copy(update={"score": truth_score(EUR=0.9, AFR=0.6)}),
        second.model_copy(update={"score": truth_score(EUR=0.8, AFR=0.7)}),
    )
    library.all_benchmarks = [scored().model_copy(update={"entries": entries, "used": ((0.2, 0.5),)})]
    asked(view, qtbot)
    rows = view.standing.groups.short_model.texts(range(4))
    assert [row[0] for row in rows] == ["AFR", "AFR", "EUR", "EUR"]
    assert rows[0][1:6] == ["12", "1000 Genomes", "Michigan Imputation Server", "0.700", "40"]
    assert rows[2][2] == "HRC r1.1 2016"
    assert "AFR: 1000 Genomes" in view.standing.groups_title.text()
    library.all_benchmarks = [scored()]
    view.refresh()
    qtbot.waitUntil(lambda: not view.standing.groups.isVisible())


def test_everything_is_not_sent_twice_unnoticed(
    view: BenchmarkView, context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_benchmarks = [scored().model_copy(update={"full_job_id": "job-7"})]
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda page, item: went.append((page, item))
    asked(view, qtbot)
    assert view.standing.sent.text() == "The whole dataset was sent already."
    assert not view.standing.winner.isVisible()
    view.standing.whole.click()
    view.standing.twice.click()
    assert went == [("jobs", "job-7"), ("new_job", "bench-1 again")]


def test_a_benchmark_is_removed(
    view: BenchmarkView, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    library.all_benchmarks = [scored()]
    asked(view, qtbot)
    box = view.ask_removal()
    assert box is not None
    assert "hidden genotypes" in box.informativeText()
    library.all_benchmarks = []
    next(each for each in box.buttons() if each.text() == "Remove").click()
    qtbot.waitUntil(lambda: ("remove_benchmark", ("bench-1",), {}) in operations.calls)
    qtbot.waitUntil(lambda: view.choice.isVisible() and not view.standing.isVisible())
    assert view.ask_removal() is None
