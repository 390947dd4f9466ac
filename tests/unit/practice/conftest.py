"""Servers for the tests of the practice server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.genotypes.bgzf import BgzfWriter
from app.practice.panels import PanelPopulation, PanelShelf
from app.practice.server import PracticeServer
from app.practice.settings import PracticeLimits

MakeServer = Callable[..., PracticeServer]


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[MakeServer]:
    """Make and start servers; they are ended after the test."""
    made: list[PracticeServer] = []

    def make(mode: str = "cg3-local", home: str = "home", **more: object) -> PracticeServer:
        tiny_panel(tmp_path / home, tmp_path)
        server = PracticeServer(tmp_path / home, mode, **more)  # type: ignore[arg-type]
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.stop()


def tiny_panel(home: Path, folder: Path) -> None:
    """Install a panel of two sites."""
    vcf = folder / "tiny.vcf.gz"
    with BgzfWriter(vcf) as writer:
        writer.write(b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\n")
        writer.write(b"20\t100\trs1\tA\tG\t.\t.\tAC=1;AN=4;ONE_AF=0.3\tGT\t0|1\t0|0\n")
        writer.write(b"20\t200\trs2\tC\tT\t.\t.\tAC=2;AN=4\tGT\t1|1\t0|0\n")
    populations = (
        PanelPopulation(id="two", name="Two"),
        PanelPopulation(id="one", name="One", samples=2, info_key="ONE_AF"),
    )
    PanelShelf(home / "panels").add_panel(
        "tiny", "Tiny panel (GRCh37/hg19)", "GRCh37", {"20": vcf}, populations
    )


@pytest.fixture
def server(make_server: MakeServer) -> PracticeServer:
    """A server of the present generation whose jobs wait."""
    made = make_server(limits=PracticeLimits(max_running_jobs=3))
    made.faults.hold_jobs = True
    return made
