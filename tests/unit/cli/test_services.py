"""`services …` and `panels …`: shapes and exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.service import HealthState
from tests.helpers.command_line import Cli, FakeProgram

SERVICE_KEYS = {
    "id", "name", "family", "base_url", "country", "state", "response_ms", "last_checked", "token", "panels"
}  # fmt: skip
PANEL_KEYS = {
    "id", "service", "name", "build", "populations", "samples", "variants", "chromosomes", "version", "as_of",
    "source",
}  # fmt: skip


def test_no_services_yet(cli: Cli) -> None:
    assert cli("services", "list", "--json").data == {"services": []}
    assert "services add" in cli("services", "list").out


def test_the_catalogue_needs_no_data_folder(cli: Cli, program: FakeProgram) -> None:
    found = cli("services", "list", "--catalogue", "--json").data["services"]
    assert "michigan" in {each["id"] for each in found}
    assert all(set(each) >= SERVICE_KEYS for each in found)
    assert not program.folder.exists()


def test_add_list_remove(with_service: Cli, program: FakeProgram) -> None:
    (row,) = with_service("services", "list", "--json").data["services"]
    assert set(row) == SERVICE_KEYS
    assert row["id"] == "fake"
    assert row["panels"] == 2
    assert row["token"] == {"present": True, "expires": "2026-12-25T12:00:00+00:00"}
    kept = program.secrets.get("token:fake")
    assert kept is not None
    assert kept.get_secret_value() == "t0ken"
    assert "https://f.example" in with_service("services", "list").out
    assert with_service("services", "remove", "FAKE", "--json").data == {"removed": ["fake"]}
    assert program.secrets.get("token:fake") is None


def test_the_memory_keyring_says_that_it_forgets(cli: Cli) -> None:
    answer = cli("services", "add", "Fake", "--url", "https://f.example", "--token-stdin", stdin="t\n")
    assert "gone when this command ends" in answer.err
    assert "t\n" not in answer.out


def test_a_refused_token_stores_nothing(cli: Cli, program: FakeProgram) -> None:
    program.family.token_valid = False
    answer = cli("services", "add", "F", "--url", "https://f.example", "--token-stdin", "--json", stdin="bad")
    assert answer.code == 3
    assert answer.problem["kind"] == "sign-in"
    assert cli("services", "list", "--json").data == {"services": []}


@pytest.mark.parametrize("words", [["add", "Name"], ["set-token", "fake"]])
def test_what_is_missing_is_wrong_usage(cli: Cli, words: list[str]) -> None:
    assert cli("services", *words).code == 2


def test_an_empty_standard_input_is_wrong_usage(cli: Cli) -> None:
    answer = cli("services", "add", "F", "--url", "https://f.example", "--token-stdin", stdin="\n")
    assert answer.code == 2
    assert "no token" in answer.err


def test_check_tells_the_phases(with_service: Cli, program: FakeProgram) -> None:
    answer = with_service("services", "check", "Fake", "--json")
    (row,) = answer.data["check"]
    assert set(row) == {"id", "state", "response_ms", "phases", "detail"}
    assert row["phases"] == {"dns": 1.0, "tcp": 1.0, "tls": None, "first_byte": 2.0}
    assert answer.code == 0
    program.family.health_state = HealthState.DOWN
    assert with_service("services", "check").code == 1


def test_set_token_switch_off_and_on(with_service: Cli) -> None:
    assert with_service("services", "set-token", "Fake", "--token-stdin", stdin="new\n").code == 0
    (row,) = with_service("services", "disable", "Fake", "--json").data["services"]
    assert row["state"] == "off"
    (row,) = with_service("services", "enable", "Fake", "--json").data["services"]
    assert row["state"] == "unknown"


def test_export_and_import(with_service: Cli, tmp_path: Path) -> None:
    file = tmp_path / "services.json"
    answer = with_service("services", "export", file, "--json")
    assert answer.data == {"file": str(file), "services": 1}
    assert "t0ken" not in file.read_text()
    other = ("--home", str(tmp_path / "other"), "--json")
    (row,) = with_service("services", "import", file, *other).data["services"]
    assert row["base_url"] == "https://f.example"
    assert with_service("services", "import", file, *other).data == {"services": []}


def test_panels(with_service: Cli) -> None:
    found = with_service("panels", "list", "--service", "fake", "--json").data["panels"]
    assert {each["id"] for each in found} == {"apps@one", "apps@two"}
    assert set(found[0]) == PANEL_KEYS
    assert found[0]["populations"] == [{"id": "eur", "name": "EUR"}]
    assert "apps@one" in with_service("panels", "list").out


def test_sync_says_what_changed(cli: Cli) -> None:
    cli("services", "add", "Fake", "--url", "https://f.example", "--token-stdin", stdin="t\n")
    first = cli("panels", "sync", "--json").data
    assert [each["id"] for each in first["added"]] == ["apps@one", "apps@two"]
    assert first["changed"] == first["removed"] == []
    assert cli("panels", "sync", "fake", "--json").data == {"added": [], "changed": [], "removed": []}
    assert cli("panels", "sync").out == "Nothing changed.\n"


def test_sync_with_a_token_for_this_call_only(with_service: Cli, program: FakeProgram) -> None:
    assert with_service("panels", "sync", "fake", "--token-stdin", stdin="other\n").code == 0
    kept = program.secrets.get("token:fake")
    assert kept is not None
    assert kept.get_secret_value() == "t0ken"
    assert with_service("panels", "sync", "--token-stdin", stdin="other\n").code == 2


def test_an_unknown_service_is_told_with_the_known_ones(with_service: Cli) -> None:
    answer = with_service("panels", "list", "--service", "nope", "--json")
    assert answer.code == 3
    assert answer.problem["kind"] == "not found"
    assert "fake" in answer.problem["what_you_can_do"]


def test_one_bare_word_is_no_address(cli: Cli) -> None:
    answer = cli("services", "add", "F", "--url", "notaurl", "--json")
    assert answer.code == 3
    assert answer.problem["title"] == "This is not the address of a service"
    assert cli("services", "add", "F", "--url", "localhost").code == 0


def test_panels_without_any_token_are_not_unchanged(cli: Cli) -> None:
    assert cli("panels", "sync").out == "Nothing changed.\n"
    cli("services", "add", "Fake", "--url", "https://f.example")
    answer = cli("panels", "sync", "--json")
    assert (answer.code, answer.problem["title"]) == (3, "A token is needed")
