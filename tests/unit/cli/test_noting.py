"""`results price`, `results sent` and `results leave-out`."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.operations import import_result, judge_result
from tests.helpers.command_line import Cli
from tests.helpers.direct_work import _directly
from tests.helpers.imputed_files import dose_text, packed, site_lines


@pytest.fixture
def taken(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a result that was taken in."""
    for module in (import_result, judge_result):
        monkeypatch.setattr(module, "run_in_process", _directly)
    monkeypatch.setattr("app.genotypes.worker.run_in_process", _directly)
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "chr20.dose.vcf.gz").write_bytes(packed(dose_text(site_lines(sites=50)), tmp_path))
    answer = cli("results", "import", folder, "--name", "Old", "--json")
    return str(answer.data["result"]["id"])


def test_a_price_is_noted_and_taken_off(cli: Cli, taken: str) -> None:
    assert cli("results", "price", taken, " 120  €", "--json").data == {"result": taken, "price": "120 €"}
    assert cli("results", "price", taken, "").out == f"The price of {taken} is not known.\n"


def test_what_was_sent_is_said_and_taken_off(cli: Cli, taken: str) -> None:
    assert cli("results", "sent", taken, "data-9").code == 3
    answer = cli("results", "sent", taken, "", "--json")
    assert (answer.code, answer.data["result"], answer.data["dataset"]) == (0, taken, None)
    assert answer.data["ledger"]["chromosomes"]
    assert "is not known" in cli("results", "sent", taken, "").out


def test_without_suspects_nothing_is_written(cli: Cli, taken: str) -> None:
    answer = cli("results", "leave-out", taken, "--json")
    assert (answer.code, answer.data["problem"]["title"]) == (3, "No site is suspect")
