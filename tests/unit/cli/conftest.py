"""A command line over a server in memory."""

import asyncio
from pathlib import Path

import pytest

from app.domain.service import Limits
from tests.helpers.command_line import Cli, FakeProgram, command_line


@pytest.fixture
def program(tmp_path: Path) -> FakeProgram:
    """The parts around the command line."""
    return FakeProgram(tmp_path / "home")


@pytest.fixture
def cli(program: FakeProgram, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command."""
    return command_line(program, capsys, monkeypatch)


@pytest.fixture
def with_service(cli: Cli, program: FakeProgram) -> Cli:
    """A command line that knows a service with a token and its panels, and that may be asked often."""
    assert (
        cli("services", "add", "Fake", "--url", "https://f.example", "--token-stdin", stdin="t0ken\n").code
        == 0
    )
    assert cli("panels", "sync").code == 0
    desk = program.open_desk(program.folder)
    asyncio.run(desk.update_service("fake", limits=Limits(min_poll_s=0.02)))
    program.close_desk(desk)
    return cli


@pytest.fixture
def second(with_service: Cli, program: FakeProgram) -> Cli:
    """A second service with the same panels."""
    words = ("services", "add", "Second", "--url", "https://second.example", "--token-stdin")
    assert with_service(*words, stdin="t0ken\n").code == 0
    assert with_service("panels", "sync", "second").code == 0
    desk = program.open_desk(program.folder)
    asyncio.run(desk.update_service("second", limits=Limits(min_poll_s=0.02)))
    program.close_desk(desk)
    return with_service
