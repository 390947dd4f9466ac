"""`jobs log` and `services set-up`: what only some families of services have."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.domain.parameter import Parameter, ParameterType
from app.domain.problem import Kind, problem
from app.domain.service import Limits
from app.services.abilities import RunLog
from app.services.contract import Connection
from tests.helpers.command_line import Cli, FakeProgram
from tests.helpers.fake_family import FakeFamily, write_vcf

GOOD = ("--option", "population=eur", "--option", "check1=accepted", "--no-check")


class AbleFamily(FakeFamily):
    """The server in memory, with logs and with words that a person may say of it."""

    async def logs(self, connection: Connection, remote_id: str) -> tuple[RunLog, ...]:
        """Two texts."""
        return (RunLog(name="stderr", text="one\ntwo", cut=True), RunLog(name="stdout", text="{}"))

    def setup_fields(self) -> tuple[Parameter, ...]:
        """One that everybody may see, and a secret."""
        return (
            Parameter(id="paths", label="Folders", type=ParameterType.TEXTAREA, help="One a line."),
            Parameter(id="key", label="Key", type=ParameterType.SECRET, help="Of the store."),
        )

    def check_setup(self, setup: Mapping[str, str]) -> None:
        """Refuses one word."""
        if setup.get("paths") == "nonsense":
            raise problem(Kind.INPUT, "Folders", "It makes no sense")


@pytest.fixture
def able(program: FakeProgram, cli: Cli, tmp_path: Path) -> Cli:
    """A service with a job."""
    program.family = AbleFamily()
    cli("services", "add", "Fake", "--url", "https://f.example", "--token-stdin", stdin="t0ken\n")
    cli("panels", "sync")
    desk = program.open_desk(program.folder)
    asyncio.run(desk.update_service("fake", limits=Limits(min_poll_s=0.02)))
    program.close_desk(desk)
    sent = cli("submit", write_vcf(tmp_path), "--service", "Fake", "--panel", "apps@one", *GOOD)
    assert sent.code == 0
    return cli


def test_the_log_of_a_job(able: Cli) -> None:
    logs = able("jobs", "log", "job-1", "--json").data["logs"]
    assert logs[0] == {"name": "stderr", "text": "one\ntwo", "cut": True}
    assert able("jobs", "log", "job-1").out.splitlines() == [
        "stderr (only its end):",
        "one",
        "two",
        "",
        "stdout:",
        "{}",
    ]


def test_what_is_said_of_a_service(able: Cli) -> None:
    shown = ["paths = –", "  Folders. One a line.", "key = –", "  Key. Of the store."]
    assert able("services", "set-up", "Fake").out.splitlines() == shown
    answer = able("services", "set-up", "Fake", "paths=/a=/b\\n/c=/d", "--json").data
    assert answer["setup"] == {"paths": "/a=/b\n/c=/d"}
    refused = able("services", "set-up", "Fake", "paths=nonsense", "--json")
    assert (refused.code, refused.problem["what_happened"]) == (3, "It makes no sense")
    assert able("services", "set-up", "Fake", "--json").data["setup"] == {"paths": "/a=/b\n/c=/d"}
    assert able("services", "set-up", "Fake", "paths=", "--json").data["setup"] == {}


def test_a_secret_comes_by_standard_input_and_is_never_shown(able: Cli) -> None:
    refused = able("services", "set-up", "Fake", "key=s3cret-word")
    assert refused.code == 2
    assert "standard input" in refused.err
    kept = able("services", "set-up", "Fake", "key=-", "--json", stdin="s3cret-word\n")
    assert (kept.data["setup"], kept.data["secrets"]) == ({}, ["key"])
    shown = able("services", "set-up", "Fake").out
    assert "key = kept in the keyring" in shown
    assert "s3cret" not in kept.out + shown
    assert able("services", "set-up", "Fake", "key=", "--json").data["secrets"] == []


def test_services_that_have_neither(with_service: Cli) -> None:
    assert "nothing to say" in with_service("services", "set-up", "Fake").out
    refused = with_service("services", "set-up", "Fake", "paths=/a=/b", "--json")
    assert refused.problem["title"] == "This cannot be said of the service"
