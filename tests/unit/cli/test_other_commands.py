"""Practice, backup, doctor, self-check, impute and the report."""

from __future__ import annotations

import errno
import gzip
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from app.results.suspects import suspects
from tests.helpers.command_line import Cli, FakeProgram

INFO = """##fileformat=VCFv4.2
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
20\t100\t.\tA\tG\t.\t.\tAF=0.3;MAF=0.3;R2=0.95;ER2=0.05;TYPED;IMPUTED
20\t200\t.\tC\tT\t.\t.\tAF=0.3;MAF=0.3;R2=0.97;ER2=0.96;TYPED;IMPUTED
20\t300\t.\tC\tT\t.\t.\tAF=0.001;MAF=0.001;R2=0.9;ER2=0.01;TYPED;IMPUTED
20\t400\t.\tC\tT\t.\t.\tAF=0.2;MAF=0.2;R2=0.85;IMPUTED
"""
REPORT_KEYS = {"samples", "variants", "by_chromosome", "by_maf", "er2", "ledger"}


def end_soon(number: int) -> None:
    """Send a signal as soon as `serve` listens for it: a program that starts slowly would miss it before."""

    def send() -> None:
        give_up = time.monotonic() + 60
        while getattr(signal.getsignal(number), "__name__", "") != "asked" and time.monotonic() < give_up:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    threading.Thread(target=send).start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_practice_server_runs_until_it_is_ended(cli: Cli, program: FakeProgram, number: int) -> None:
    end_soon(number)
    answer = cli("practice", "serve", "--json")
    assert answer.code == 0
    assert answer.data == {
        "base_url": "http://127.0.0.1:1",
        "token": "practice-token",
        "mode": "cg3-local",
        "practice_key": "key",
    }
    assert program.served.stopped


@pytest.mark.parametrize(("words", "shown"), [([], False), (["--show-token"], True)])
def test_the_token_is_shown_when_asked_for(cli: Cli, words: list[str], shown: bool) -> None:
    end_soon(signal.SIGINT)
    answer = cli("practice", "serve", *words)
    assert "services add Practice" in answer.out
    assert ("practice-token" in answer.out) is shown


def test_a_port_that_cannot_be_had(cli: Cli) -> None:
    assert cli("practice", "serve", "--port", "1", "--json").problem["kind"] == "input"
    assert cli("practice", "serve", "--mode", "wrong").code == 2
    assert cli("practice", "serve", "--port", "70000").code == 2


def test_practice_data(cli: Cli, tmp_path: Path) -> None:
    answer = cli("practice", "data", tmp_path / "d", "--seed", "3", "--json")
    assert answer.data["files"] == [str(tmp_path / "d" / "cohort.vcf.gz")]
    assert answer.data["seed"] == 3
    assert cli("practice", "data", tmp_path / "d", "--samples", "1").code == 2


def test_backup(with_service: Cli, tmp_path: Path, program: FakeProgram) -> None:
    file = tmp_path / "copy.db"
    made = with_service("backup", "make", file, "--json")
    assert made.code == 0
    assert made.data["counts"]["services"] == 1
    assert with_service("backup", "verify", file, "--json").data == made.data
    with_service("services", "remove", "fake")
    restored = with_service("backup", "restore", file, "--json")
    assert restored.data["restored"] == str(program.folder / "haplodesk.db")
    assert Path(restored.data["kept"]).exists()
    assert len(with_service("services", "list", "--json").data["services"]) == 1
    file.write_bytes(b"no database")
    assert with_service("backup", "verify", file).code == 3


def test_doctor(with_service: Cli) -> None:
    answer = with_service("doctor", "--json")
    rows = {row["component"]: row for row in answer.data["components"]}
    assert {"database", "keyring", "disk", "services"} <= set(rows)
    assert set(rows["database"]) == {"component", "state", "ms", "detail"}
    assert answer.code == (1 if any(row["state"] == "failed" for row in rows.values()) else 0)


def test_doctor_tells_why_the_folder_cannot_be_opened(cli: Cli, program: FakeProgram) -> None:
    program.folder.mkdir()
    program.database(program.folder).write_bytes(b"no database at all" * 100)
    answer = cli("doctor", "--json")
    assert answer.code == 1
    (row,) = answer.data["components"]
    assert row["state"] == "failed"
    assert row["detail"]


def test_self_check(cli: Cli, program: FakeProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = cli("self-check", "--json")
    assert [row["name"] for row in answer.data["checks"] if not row["ok"]] == []
    assert answer.code == 0
    assert answer.data["passed"] is True
    assert not program.folder.exists()

    def broken() -> str:
        raise ImportError("no Qt here")

    monkeypatch.setattr(program, "look_at_window", broken)
    monkeypatch.setattr("app.cli.work.self_check._genotypes", lambda _: "left out")
    answer = cli("--self-check")
    assert answer.code == 1
    assert "no Qt here" in answer.out


def result(folder: Path) -> Path:
    folder.mkdir()
    (folder / "chr20.info.gz").write_bytes(gzip.compress(INFO.encode()))
    return folder


def test_report_of_a_folder(cli: Cli, tmp_path: Path) -> None:
    folder = result(tmp_path / "r")
    answer = cli("results", "report", folder, "--json")
    assert set(answer.data) == REPORT_KEYS
    assert answer.data["variants"] == 4
    assert set(answer.data["by_chromosome"][0]) == {"chromosome", "variants", "typed", "mean_r2"}
    bins = answer.data["by_maf"]
    assert [b["maf_from"] for b in bins] == [0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]
    assert set(bins[0]) == {"maf_from", "maf_to", "variants", "mean_r2", "share_r2_03", "share_r2_08"}
    suspect = {"chrom": "20", "pos": 100, "ref": "A", "alt": "G", "r2": 0.95, "er2": 0.05}
    assert answer.data["er2"]["suspects"] == [suspect]
    assert answer.data["ledger"]["files"][0]["path"] == "chr20.info.gz"
    assert "does not believe" in cli("results", "report", folder).out


def test_report_of_nothing(cli: Cli, tmp_path: Path) -> None:
    assert cli("results", "report", tmp_path, "--json").problem["kind"] == "not found"
    assert cli("results", "report", "job-none").code == 3


def test_suspects_prefer_info_files_and_leave_damage_to_others(tmp_path: Path) -> None:
    folder = result(tmp_path / "r")
    (folder / "chr20.dose.vcf.gz").write_bytes(b"never read")
    assert [each.pos for each in suspects(folder)] == [100]
    (folder / "chr21.dose.vcf.gz").write_bytes(gzip.compress(INFO.encode())[:50])
    assert [each.pos for each in suspects(folder)] == [100]


def phased(folder: Path, name: str, positions: range, people: int) -> Path:
    """A phased VCF of two haplotypes that are repeated, so that anything can be imputed from it."""
    from app.genotypes.bgzf import BgzfWriter

    path = folder / name
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
    with BgzfWriter(path) as out:
        names = "\t".join(f"{name[0]}{number}" for number in range(people))
        out.write(f"##fileformat=VCFv4.2\n##contig=<ID=20>\n{columns}\t{names}\n".encode())
        for position in positions:
            kind = (position // 1000) % 3
            cells = "\t".join(["0|1", "1|0", "1|1", "0|0"][(kind + person) % 4] for person in range(people))
            out.write(f"20\t{position}\t.\tA\tG\t.\tPASS\t.\tGT\t{cells}\n".encode())
    return path


def test_impute(cli: Cli, tmp_path: Path) -> None:
    panel = phased(tmp_path, "panel.vcf.gz", range(1_000_000, 1_200_000, 1000), 40)
    target = phased(tmp_path, "target.vcf.gz", range(1_000_000, 1_200_000, 10_000), 8)
    out = tmp_path / "out"
    answer = cli("impute", target, "--panel-file", panel, "--engine", "builtin", "--out", out, "--json")
    assert answer.code == 0, answer
    for name in ("chr20.dose.vcf.gz", "chr20.dose.vcf.gz.tbi", "chr20.info.gz", "chr20.empiricalDose.vcf.gz"):
        assert (out / name).is_file()
    record = json.loads((out / "run.json").read_text())
    assert record == answer.data
    assert {"engine", "versions", "parameters", "seconds", "memory_mb"} <= set(record)
    assert record["chromosomes"][0]["phasing"] == "none"
    assert record["chromosomes"][0]["written"] == 200


def test_what_is_imputed_from_files_under_a_rule_is_under_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "ruled").mkdir()
    (tmp_path / "ruled" / "haplodesk-only-to.txt").write_text("ZA")
    panel = phased(tmp_path, "panel.vcf.gz", range(1_000_000, 1_020_000, 1000), 10)
    target = phased(tmp_path / "ruled", "target.vcf.gz", range(1_000_000, 1_020_000, 2000), 4)
    out = tmp_path / "out"
    assert cli("impute", target, "--panel-file", panel, "--out", out).code == 0
    assert "ZA, this computer" in (out / "haplodesk-only-to.txt").read_text("utf-8")
    wider = tmp_path / "wider"
    wider.mkdir()
    (wider / "haplodesk-only-to.txt").write_text("ZA, US")
    told = cli("impute", target, "--panel-file", panel, "--out", wider, "--json")
    assert (told.code, told.problem["kind"]) == (3, "refused")
    assert len(list(wider.iterdir())) == 1


def test_impute_refuses(cli: Cli, tmp_path: Path) -> None:
    panel = phased(tmp_path, "panel.vcf.gz", range(1_000_000, 1_010_000, 1000), 4)
    text = tmp_path / "a.vcf.gz"
    text.write_bytes(b"hello")
    out = tmp_path / "out"
    assert cli("impute", text, "--panel-file", panel, "--out", out, "--json").problem["kind"] == "input"
    again = tmp_path / "again.vcf.gz"
    again.write_bytes(panel.read_bytes())
    twice = cli("impute", panel, again, "--panel-file", panel, "--out", out, "--json")
    assert twice.problem["title"] == "A chromosome comes twice"
    assert cli("impute", panel, "--panel-file", panel, "--out", out, "--engine", "x").code == 2
    assert not out.exists()


def test_impute_into_a_folder_that_cannot_be_made(cli: Cli, tmp_path: Path) -> None:
    panel = phased(tmp_path, "panel.vcf.gz", range(1_000_000, 1_010_000, 1000), 4)
    (tmp_path / "file").write_bytes(b"")
    told = cli("impute", panel, "--panel-file", panel, "--out", tmp_path / "file" / "out", "--json").problem
    assert (told["kind"], told["title"]) == ("disk", "The results cannot be written")
    assert str(tmp_path / "file") in told["what_happened"]


def test_impute_onto_a_full_disk(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("app.cli.work.impute.impute_files", full)
    panel = phased(tmp_path, "panel.vcf.gz", range(1_000_000, 1_010_000, 1000), 4)
    told = cli("impute", panel, "--panel-file", panel, "--out", tmp_path / "out", "--json").problem
    assert (told["kind"], told["title"]) == ("disk", "The disk is full")
    assert "--out" in told["what_you_can_do"]


def test_practice_in_a_folder_that_cannot_be_made(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    answer = cli("--home", tmp_path / "file", "practice", "serve", "--json")
    assert (answer.code, answer.problem["kind"]) == (3, "disk")
