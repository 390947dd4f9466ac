"""`services sign-in` and `sign-out`."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from app.domain.problem import Kind
from app.services.abilities import SignInPage, Tokens
from app.services.contract import Connection
from tests.helpers.command_line import Cli, FakeProgram, command_line
from tests.helpers.fake_family import FakeFamily, fault

SHOWS = "https://terra.example.org/code"


class SigningFamily(FakeFamily):
    """A server to which one signs in; the code is always `good`."""

    client_id = ""

    def redirects(self, connection: Connection) -> tuple[str, ...]:
        return (SHOWS,)

    async def sign_in_page(self, connection: Connection, redirect: str) -> SignInPage:
        self.client_id = connection.setup.get("oidc_client_id", "")
        return SignInPage(
            url=f"https://sign-in.example.org/?state=st&redirect={redirect}",
            state="st",
            redirect=redirect,
            verifier=SecretStr("v"),
        )

    async def redeem(self, connection: Connection, page: SignInPage, code: SecretStr) -> Tokens:
        if code.get_secret_value() != "good":
            raise fault(Kind.SIGN_IN, "The sign-in was not accepted")
        return Tokens(access=SecretStr("acc"), refresh=SecretStr("ref"))

    async def renew(self, connection: Connection, refresh: SecretStr) -> Tokens:
        raise AssertionError("nothing ends")


@pytest.fixture
def program(tmp_path: Path) -> FakeProgram:
    return FakeProgram(tmp_path / "home", family=SigningFamily())


@pytest.fixture
def terra(program: FakeProgram, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    cli = command_line(program, capsys, monkeypatch)
    assert cli("services", "add", "Terra", "--url", "https://t.example").code == 0
    return cli


def test_a_pasted_code(terra: Cli, program: FakeProgram) -> None:
    answer = terra("services", "sign-in", "terra", "--paste", "--client-id", "ours", "--json", stdin="good\n")
    assert (answer.code, answer.data["signed_in"]) == (0, "terra")
    assert parse_qs(urlsplit(answer.err.split()[5]).query)["redirect"] == [SHOWS]
    assert "gone when this command ends" in answer.err
    kept = program.secrets.get("token:terra")
    assert kept is not None
    assert kept.get_secret_value() == "acc"
    assert isinstance(program.family, SigningFamily)
    assert program.family.client_id == "ours"
    assert "ref" not in answer.out + answer.err.replace("redirect", "").replace("reference", "")
    assert terra("services", "sign-out", "terra", "--json").data == {"signed_out": "terra"}
    assert program.secrets.get("token:terra") is None
    assert program.secrets.get("sign-in:terra") is None


def test_a_whole_address_may_be_pasted(terra: Cli, program: FakeProgram) -> None:
    assert terra("services", "sign-in", "terra", "--paste", stdin=f"{SHOWS}?code=good&state=st\n").code == 0
    assert program.secrets.get("token:terra") is not None


def test_a_wrong_code_keeps_nothing(terra: Cli, program: FakeProgram) -> None:
    answer = terra("services", "sign-in", "terra", "--paste", "--json", stdin="bad\n")
    assert (answer.code, answer.problem["kind"]) == (3, "sign-in")
    assert program.secrets.get("token:terra") is None


def test_no_way_back_for_the_browser(terra: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: pytest.fail("a browser was opened"))
    answer = terra("services", "sign-in", "terra", "--json")
    assert answer.code == 3
    assert "pasting" in answer.problem["what_you_can_do"]
