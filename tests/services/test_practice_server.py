"""Whole jobs at the practice server, in all three modes: from genotypes to opened results."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyzipper

from app.genotypes.bgzf import read_lines
from app.practice.cohort import PracticeData, add_practice_panels, make_practice_data
from app.practice.panels import PanelShelf
from app.practice.server import PracticeServer
from tests.unit.practice.client import Answer, Reachable, call, send, submit, wait_for, wait_for_end
from tests.unit.practice.conftest import MakeServer, make_server

__all__ = ["make_server"]

SITES = 1_200
PANEL = {"refpanel": "apps@practice-hg19@1.0.0", "population": "north", "password": "secret-1"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PracticeData]:
    """Panels and a cohort of 24 people, made once."""
    folder = tmp_path_factory.mktemp("world")
    add_practice_panels(PanelShelf(folder / "panels"), sites=SITES)
    return folder / "panels", make_practice_data(folder / "data", samples=24, sites=SITES)


@pytest.fixture
def cohort(world: tuple[Path, PracticeData]) -> PracticeData:
    return world[1]


@pytest.fixture
def start(make_server: MakeServer, world: tuple[Path, PracticeData], tmp_path: Path) -> MakeServer:
    """Start a server that has the practice panels."""

    def made(mode: str = "cg3-local", **more: Any) -> PracticeServer:
        shutil.copytree(world[0], tmp_path / "home" / "panels")
        return make_server(mode, engine=more.pop("engine", "builtin"), **more)

    return made


def send_files(server: Reachable, *files: Path, **fields: str) -> str:
    parts = [("files", each.name, each.read_bytes()) for each in files]
    answer = submit(server, PANEL | fields, parts)
    assert answer.status == 200, answer.body
    return str(answer.json["id"])


def run(server: PracticeServer, *files: Path, **fields: str) -> dict[str, Any]:
    return wait_for_end(server, send_files(server, *files, **fields))


def names(job: dict[str, Any]) -> list[str]:
    return [each["name"] for each in job["outputParams"][0]["files"]]


def fetch(server: PracticeServer, job: dict[str, Any], name: str) -> bytes:
    file = next(each for each in job["outputParams"][0]["files"] if each["name"] == name)
    user = "learner" if server.mode == "cg2" else "results"
    answer: Answer = call(server, "GET", f"/share/{user}/{file['hash']}/{name}", token=None)
    if answer.status == 301:
        answer = send(answer.headers["location"], "GET", {})
    assert answer.status == 200
    return answer.body


def opened(data: bytes, folder: Path, password: bytes = b"secret-1", *, aes: bool = False) -> list[str]:
    with (pyzipper.AESZipFile if aes else zipfile.ZipFile)(io.BytesIO(data)) as archive:
        archive.setpassword(password)
        archive.extractall(folder)
        return list(archive.namelist())


def step_texts(job: dict[str, Any]) -> dict[str, list[str]]:
    return {each["name"]: [m["message"] for m in each["logMessages"]] for each in job["steps"]}


def doses(path: Path) -> dict[bytes, np.ndarray]:
    found = {}
    for line in read_lines(path):
        if not line.startswith(b"#"):
            cells = line.split(b"\t")
            place = cells[8].split(b":").index(b"DS")
            found[cells[1]] = np.array([float(each.split(b":")[place]) for each in cells[9:]])
    return found


def truths(path: Path) -> dict[bytes, np.ndarray]:
    rows = (line.split(b"\t") for line in read_lines(path) if not line.startswith(b"#"))
    return {
        cells[1]: np.array([each[:1].count(b"1") + each[2:3].count(b"1") for each in cells[9:]])
        for cells in rows
    }


@pytest.mark.parametrize("mode", ["cg3-local", "cg3-s3", "cg2"])
def test_whole_job(start: MakeServer, cohort: PracticeData, tmp_path: Path, mode: str) -> None:
    server = start(mode)
    job = run(server, *cohort.files, meta="true")
    assert job["state"] == 4, step_texts(job)
    assert names(job) == [
        "chr_20.zip",
        "chr_22.zip",
        "qc_report.txt",
        "quality-control.html",
        "statistics/chunks-excluded.txt",
        "statistics/snps-excluded.txt",
        "statistics/snps-typed-only.txt",
    ]
    texts = step_texts(job)
    assert list(texts) == ["Input Validation", "Quality Control", "Phasing and Imputation", "Summary"]
    assert texts["Input Validation"][0].split("\n")[:3] == [
        "2 valid VCF file(s) found.",
        "Samples: 24",
        "Chromosomes: 20 22",
    ]
    assert texts["Quality Control"][0].startswith(
        "<b>Statistics:</b>\nAlternative allele frequency > 0.5 sites:"
    )
    assert "Reference Overlap: 100.00 %" in texts["Quality Control"][0]
    assert texts["Phasing and Imputation"] == ["<b>Imputation (2/2)</b>"]
    assert "secret-1" not in json.dumps(job)
    inside = opened(fetch(server, job, "chr_20.zip"), tmp_path / "out")
    assert inside == ["chr20.dose.vcf.gz", "chr20.info.gz", "chr20.empiricalDose.vcf.gz"]
    head = [line for line in read_lines(tmp_path / "out" / inside[0]) if line.startswith(b"##mis")]
    assert head[2] == b"##mis_panel=practice-hg19@1.0.0"
    check_accuracy(tmp_path / "out" / inside[0], cohort)


def check_accuracy(dose: Path, cohort: PracticeData) -> None:
    """The result is a true imputation: common untyped sites agree with what the people carry."""
    imputed, truth = doses(dose), truths(cohort.truth[0])
    typed = {line.split(b"\t")[1] for line in read_lines(cohort.cohort[0]) if not line.startswith(b"#")}
    common = [place for place, own in truth.items() if place not in typed and 0.1 < own.mean() / 2 < 0.9]
    assert len(imputed) == SITES
    assert len(common) > 50
    told = np.concatenate([imputed[place] for place in common])
    true = np.concatenate([truth[place] for place in common])
    assert np.corrcoef(told, true)[0, 1] ** 2 > 0.5


def test_two_jobs_at_once(start: MakeServer, cohort: PracticeData) -> None:
    server = start(workers=2)
    ids = [send_files(server, cohort.cohort[0]) for _ in range(2)]
    assert submit(server, PANEL).status == 400
    assert [wait_for_end(server, each)["state"] for each in ids] == [4, 4]


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_killed_server_goes_on_after_a_restart(world: tuple[Path, PracticeData], tmp_path: Path) -> None:
    shutil.copytree(world[0], tmp_path / "home" / "panels")
    first, told = process(tmp_path / "home")
    server = _Remote(told)
    job_id = send_files(server, world[1].cohort[0])
    wait_for(lambda: call(server, "GET", f"/api/v2/jobs/{job_id}").json["state"] == 2)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    second, told = process(tmp_path / "home")
    server = _Remote(told)
    assert call(server, "GET", f"/api/v2/jobs/{job_id}").json["state"] == -1
    assert call(server, "GET", f"/api/v2/jobs/{job_id}/restart").status == 200
    assert wait_for_end(server, job_id)["state"] == 4
    second.terminate()
    second.communicate()
    assert second.returncode == 0


class _Remote:
    """A server in another process, as far as the client asks."""

    def __init__(self, told: dict[str, str]) -> None:
        self.base_url = told["base_url"]
        self._token = told["token"]

    def token(self) -> str:
        return self._token


def process(home: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    command = [sys.executable, "-m", "app.practice", "--home", str(home), "--engine", "builtin"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    return started, json.loads(started.stdout.readline())
