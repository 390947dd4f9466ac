"""What the tests of the whole program share: small worlds, made once, and servers that know them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.genotypes.worker import run_in_process
from app.imputation.contract import ImputationRequest, PhasingName
from app.imputation.run import impute_files
from app.operations import fetch_file, send_job
from app.practice.cohort import PracticeData, add_practice_panels, make_practice_data
from app.practice.panels import PanelShelf
from app.practice.server import PracticeServer
from app.scheduler import clock
from app.transport import breaker
from tests.end_to_end.quick_work import make_results

SITES = 1_200
SAMPLES = 24
StartServer = Callable[..., PracticeServer]


@dataclass(frozen=True)
class World:
    """Practice panels, a cohort with truth, and the files of a finished imputation of it."""

    panels: Path
    data: PracticeData
    template: Path


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once for all tests of the folder, in some seconds."""
    folder = tmp_path_factory.mktemp("world")
    add_practice_panels(PanelShelf(folder / "panels"), sites=SITES)
    data = make_practice_data(folder / "data", samples=SAMPLES, sites=SITES)
    for number, (target, panel, genetic_map) in enumerate(
        zip(data.cohort, data.panel, data.maps, strict=True)
    ):
        chromosome = ("20", "22")[number]
        request = ImputationRequest(
            panel_vcf=panel,
            target_vcf=target,
            out_dir=folder / "template" / chromosome,
            chromosome=chromosome,
            phasing=PhasingName.BUILTIN,
            map_file=genetic_map,
            empirical=True,
        )
        asyncio.run(run_in_process(impute_files, request))
    (folder / "template" / "qc_report.txt").write_text("All is well.\n")
    return World(folder / "panels", data, folder / "template")


@pytest.fixture
def start_server(world: World, tmp_path: Path) -> Iterator[StartServer]:
    """Start practice servers that have the small practice panels; they are ended after the test.

    With `quick=True` a job takes a moment and its result is the template's.
    """
    started: list[PracticeServer] = []

    def start(mode: str = "cg3-local", *, quick: bool = False, **more: Any) -> PracticeServer:
        home = tmp_path / f"server-{len(started)}"
        prepare_home(home, world)
        work = make_results if quick else None
        server = PracticeServer(home, mode, engine=more.pop("engine", "builtin"), work=work, **more)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


def prepare_home(home: Path, world: World) -> None:
    """The home of a server with the panels and the template of a world."""
    shutil.copytree(world.panels, home / "panels")
    shutil.copytree(world.template, home / "template")


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's pauses between two tries, made short; everything else is as it is."""
    monkeypatch.setattr(send_job, "RETRY_FIRST", timedelta(seconds=0.2))
    monkeypatch.setattr(send_job, "PATIENCE", 2)
    monkeypatch.setattr(fetch_file, "PAUSE_S", 0.05)
    monkeypatch.setattr(clock, "FETCH_RETRY_FIRST", timedelta(seconds=0.2))
    monkeypatch.setattr(clock, "SWEEP_S", 0.2)
    monkeypatch.setattr(breaker, "FIRST_S", 0.2)
    monkeypatch.setattr(breaker, "LONGEST_S", 0.5)
