"""`results score` and `benchmark …` answer with what the operations found."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.job import JobState
from tests.helpers.command_line import Cli, FakeProgram
from tests.helpers.direct_work import work_directly
from tests.unit.results.masking.test_masking import cohort
from tests.unit.results.truth.test_scoring import dose, vcf


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the work here: starting a process takes seconds."""
    work_directly(monkeypatch)


def test_score_of_a_file(cli: Cli, tmp_path: Path) -> None:
    result = dose(tmp_path / "chr1.dose.vcf", ["1 10 A C : 0 1 2 0", "1 20 C A : 2 1 0 2"])
    truth = vcf(tmp_path / "truth.vcf", ["1 10 A C : 0|0 0|1 1|1 0|0", "1 20 A C : 0|0 0|1 1|1 0|0"])
    people = tmp_path / "people.tsv"
    people.write_text("sample\tsuperpopulation\nA\tEUR\nB\tEUR\nC\tAFR\n")
    words = ("results", "score", str(result), "--truth", str(truth), "--people", str(people))
    told = cli("--json", *words)
    assert told.code == 0, told
    assert (told.data["people"], told.data["sites"]) == (4, 2)
    assert told.data["by_maf"][-1]["r2"] == pytest.approx(1)
    assert [each["label"] for each in told.data["by_ancestry"]] == ["AFR", "EUR"]
    text = cli(*words).out
    assert "REF and ALT exchanged" in text
    assert "By ancestry (table)" in text
    missing = cli("--json", "results", "score", "nothing", "--truth", str(truth))
    assert missing.code == 3
    assert missing.problem["title"] == "No such job"


def test_a_benchmark_from_files_to_its_state(with_service: Cli, program: FakeProgram, tmp_path: Path) -> None:
    cli = with_service
    study = cohort(tmp_path / "study.vcf", ("20",), 80)
    to = ("--service", "Fake", "--panel", "apps@one", "--panel", "Two")
    made = cli("--json", "benchmark", "make", str(study), *to, "--share", "0.2", "--seed", "1")
    assert made.code == 0, made
    bench = made.data["benchmark"]
    assert (bench["state"], bench["hidden"]["seed"]) == ("2 ready", 1)
    assert [each["panel_id"] for each in bench["entries"]] == ["apps@one", "apps@two"]
    assert cli("benchmark", "score", bench["id"]).code == 1
    options = ("--option", "population=eur", "--option", "check1=accepted", "--no-check")
    sent = cli("--json", "benchmark", "send", bench["id"], *options)
    assert sent.code == 0, sent
    assert sent.data["benchmark"]["state"] == "2 running"
    assert len(program.family.submissions) == 2
    for remote_id in list(program.family.remote):
        program.family.set_state(remote_id, JobState.FAILED, 5)
    scored = cli("--json", "benchmark", "score", bench["id"])
    assert scored.code == 1
    assert scored.data["benchmark"]["state"] == "2 failed"
    assert scored.data["benchmark"]["winner"] is None
    shown = cli("benchmark", "show", bench["id"]).out
    assert "not told apart from" in shown
    assert "2 failed" in cli("benchmark", "show").out
    refused = cli("--json", "benchmark", "winner", bench["id"])
    assert refused.problem["title"] == "There is no winner yet"
    other = cli("--json", "benchmark", "winner", bench["id"], "--panel", "Three")
    assert other.problem["title"] == "No such panel"
    whole = cli("--json", "benchmark", "winner", bench["id"], "--panel", "apps@two", *options)
    assert whole.problem["title"] == "The service does not take this file"  # a plain VCF: all checks hold
    assert cli("--json", "benchmark", "remove", bench["id"]).data == {"removed": bench["id"]}
    assert cli("benchmark", "show").out.strip() == "No benchmarks."
