"""A command line over a server in memory."""

from pathlib import Path

import pytest

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
def with_service(cli: Cli) -> Cli:
    """A command line that knows a service with a token and its panels."""
    assert (
        cli("services", "add", "Fake", "--url", "https://f.example", "--token-stdin", stdin="t0ken\n").code
        == 0
    )
    assert cli("panels", "sync").code == 0
    return cli
