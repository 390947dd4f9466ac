"""`panels sites …` and `chains …`: shapes and exit codes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.helpers.command_line import Cli
from tests.helpers.direct_work import work_directly

LIST_KEYS = {
    "id", "name", "build", "sites", "skipped", "chromosomes", "has_frequency", "has_rs", "frequency",
    "source", "size", "added", "problem", "panels",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started."""
    work_directly(monkeypatch)


def site_list(tmp_path: Path) -> Path:
    """A small list."""
    path = tmp_path / "hrc.tab"
    path.write_text("#CHROM\tPOS\tID\tREF\tALT\tAF\n20\t5\trs1\tA\tG\t0.1\n", encoding="utf-8")
    return path


def test_add_list_bind_verify_remove(with_service: Cli, tmp_path: Path) -> None:
    panel = with_service("panels", "list", "--json").data["panels"][0]["id"]
    told = with_service(
        "panels", "sites", "add", site_list(tmp_path), "--name", "HRC", "--build", "hg19",
        "--panel", f"fake/{panel}", "--json",
    )  # fmt: skip
    assert told.code == 0
    found = told.data["list"]
    assert set(found) == LIST_KEYS
    assert (found["sites"], found["build"], found["chromosomes"]) == (1, "GRCh37", ["20"])
    assert len(found["panels"]) == 1
    assert with_service("panels", "sites", "list", "--json").data["lists"] == [found]
    assert "HRC" in with_service("panels", "sites", "list").out
    assert with_service("panels", "sites", "bind", found["id"], "--json").data["list"]["panels"] == []
    assert with_service("panels", "sites", "verify", found["id"], "--json").data["whole"] is True
    assert with_service("panels", "sites", "remove", found["id"], "--json").data == {"removed": [found["id"]]}
    assert "sites add" in with_service("panels", "sites", "list").out


def test_a_service_without_panels_has_nothing_to_bind(cli: Cli, tmp_path: Path) -> None:
    service = ("services", "add", "Bare", "--url", "https://f.example", "--token-stdin")
    assert cli(*service, stdin="t0ken\n").code == 0
    add = ("panels", "sites", "add", site_list(tmp_path), "--name", "HRC", "--build", "hg19", "--json")
    told = cli(*add, "--panel", "bare/hrc")
    assert (told.code, told.problem["title"]) == (3, "The service has no panels here")
    assert "panels sync" in told.problem["what_you_can_do"]
    assert cli(*add).code == 0


def test_what_is_wrong_is_a_problem(with_service: Cli, tmp_path: Path) -> None:
    path = site_list(tmp_path)
    for words, title in (
        (("--build", "hg5"), "The build is not known"),
        (("--build", "hg19", "--panel", "fake"), "Which service's panel?"),
        (("--build", "hg19", "--panel", "fake/none"), "No such panel"),
    ):
        told = with_service("panels", "sites", "add", path, "--name", "x", *words, "--json")
        assert told.code == 3
        assert told.problem["title"] == title
    assert with_service("panels", "sites", "remove", "none", "--json").problem["kind"] == "not found"
    assert with_service("panels", "sites", "add", path, "--build", "hg19").code == 2


def test_chains(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "x.chain.gz"
    path.write_bytes(gzip.compress(b"chain 1 1 249250621 + 0 100 1 248956422 + 0 100 1\n100\n"))
    listed = cli("chains", "list", "--json").data
    assert listed["chains"] == []
    assert len(listed["offers"]) == 5
    kept = cli("chains", "add", path, "--json").data["chain"]
    assert (kept["from_build"], kept["to_build"], kept["as_known"]) == ("GRCh37", "GRCh38", False)
    assert "GRCh37_to_GRCh38" in cli("chains", "list").out
    assert cli("chains", "remove", kept["id"], "--json").data == {"removed": ["GRCh37_to_GRCh38"]}


def test_nothing_is_downloaded_before_the_user_agrees(cli: Cli) -> None:
    told = cli("chains", "download", "--from", "hg19", "--to", "hg38")
    assert told.code == 1
    assert "ftp.ensembl.org" in told.out
    assert "restrictions" in told.out
    assert cli("chains", "download", "--from", "hg19", "--to", "hg38", "--json").data["downloaded"] is False
    assert (
        cli("chains", "download", "--from", "hg38", "--to", "hg18", "--json").problem["kind"] == "not found"
    )
