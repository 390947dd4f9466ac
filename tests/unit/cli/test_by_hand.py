"""`jobs steps`, `jobs tell` and `results import --job`: the way through a web page by command."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.operations.desk import Desk
from app.operations.web_pages import WebPages
from app.services.registry import Registry
from app.store.store import Store
from tests.helpers.command_line import Cli, FakeProgram, command_line
from tests.helpers.imputed_files import dose_text, packed, site_lines
from tests.helpers.small_study import Study, make_study, vcf_gz


class WithPages(FakeProgram):
    """A program whose services are the real ones."""

    def open_desk(self, home: Path) -> Desk:
        home.mkdir(parents=True, exist_ok=True)
        store = Store.open(self.database(home))
        return Desk(home, store, self.secrets, Registry(pages=WebPages(home, store)))


@pytest.fixture
def study() -> Study:
    return make_study(1, samples=8, sites=60, chromosomes=("20",), build="GRCh37")


@pytest.fixture
def page(
    tmp_path: Path, study: Study, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Cli:
    """A command line with a job whose files are prepared."""
    cli = command_line(WithPages(tmp_path / "home"), capsys, monkeypatch)
    path = tmp_path / "study.vcf.gz"
    path.write_bytes(next(iter(vcf_gz(study).values())))
    assert cli("services", "add", "NARD", "--url", "https://nard.macrogen.com").code == 0
    assert cli("panels", "sync").code == 0
    sent = cli("submit", path, "--service", "NARD", "--panel", "nard", "--no-check", "--name", "Mine")
    assert sent.code == 0, sent.err
    return cli


def test_the_steps_are_shown_and_ticked(page: Cli) -> None:
    answer = page("jobs", "steps", "Mine", "--done", "2", "--json").data
    assert [step["done"] for step in answer["steps"]][:3] == [False, True, False]
    assert len(answer["files"]) == 1
    text = page("jobs", "steps", "Mine").out
    assert "[x] 2." in text
    assert "certainty D" in text
    assert "[x]" not in page("jobs", "steps", "Mine", "--undone", "2").out


def test_a_job_is_told_and_its_result_taken_in(page: Cli, study: Study, tmp_path: Path) -> None:
    assert page("jobs", "tell", "Mine", "uploaded", "--json").data["jobs"][0]["state"] == "submitted"
    failed = page("jobs", "tell", "Mine", "failed", "--note", "No overlap", "--json").data["jobs"][0]
    assert failed["problem"]["what_happened"] == "No overlap"
    file = tmp_path / "chr20.dose.vcf.gz"
    file.write_bytes(packed(dose_text(site_lines("20", 60), study.samples), tmp_path))
    result = page("results", "import", "--job", "Mine", file, "--json").data["result"]
    assert result["ledger"]["samples"]["found"] == 8
    (job,) = page("jobs", "list", "--json").data["jobs"]
    assert (job["state"], job["problem"]) == ("success", None)


def test_words_that_say_nothing(page: Cli, tmp_path: Path) -> None:
    answer = page("jobs", "tell", "Mine", "unknown")
    assert answer.code == 2
    assert "uploaded" in answer.err
    assert page("results", "import", "--job", "Mine", "--name", "x", tmp_path).code == 2
