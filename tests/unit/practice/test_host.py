"""The practice server of this program: started once, and a Problem where it cannot be."""

import asyncio
import socket
from pathlib import Path

import pytest

from app.domain.problem import ProblemError
from app.practice import host
from app.practice.host import Host
from app.practice.server import PracticeServer
from tests.unit.practice.client import submit, wait_for_end
from tests.unit.practice.conftest import tiny_panel
from tests.unit.practice.work import make_results

PANEL = {"refpanel": "apps@tiny@1.0.0", "population": "one"}
FILES = [("files", "a.vcf.gz", b"not looked at")]


class BareServer(PracticeServer):
    """Without the panels, which take seconds to make, and with work that takes a moment."""

    def __init__(self, home: Path, mode: str = "cg3-local", port: int = 0) -> None:
        super().__init__(home, mode=mode, port=port, practice_panels=False, work=make_results)


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "PracticeServer", BareServer)


def test_two_on_one_folder_are_a_problem(tmp_path: Path) -> None:
    async def run() -> None:
        first, second = Host(tmp_path), Host(tmp_path)
        await first.start()
        with pytest.raises(ProblemError, match="Another practice server uses this folder"):
            await second.start()
        await first.stop()
        await second.start()
        await second.stop()

    asyncio.run(run())


def test_jobs_that_ended_with_the_program_go_on_at_the_next_start(tmp_path: Path) -> None:
    tiny_panel(tmp_path, tmp_path)

    async def run() -> str:
        first, second = Host(tmp_path), Host(tmp_path)
        await first.start()
        assert first.server is not None
        first.server.faults.hold_jobs = True
        answer = await asyncio.to_thread(submit, first.server, PANEL, FILES)
        await first.stop()
        await second.start()
        assert second.server is not None
        job = await asyncio.to_thread(wait_for_end, second.server, answer.json["id"])
        await second.stop()
        return str(job["state"])

    assert asyncio.run(run()) == "4"


def test_a_port_that_is_taken_is_a_problem_and_lets_go_of_the_folder(tmp_path: Path) -> None:
    async def run(port: int) -> None:
        with pytest.raises(ProblemError, match="did not start"):
            await Host(tmp_path, port=port).start()
        again = Host(tmp_path)
        await again.start()
        await again.stop()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        asyncio.run(run(taken.getsockname()[1]))


def test_a_start_that_nobody_waits_for_is_stopped_too(tmp_path: Path) -> None:
    async def run() -> None:
        server = Host(tmp_path)
        start = asyncio.create_task(server.start())
        await asyncio.sleep(0)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        await server.stop()
        assert server.base_url is None

    asyncio.run(run())
