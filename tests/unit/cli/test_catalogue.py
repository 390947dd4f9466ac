"""`catalogue …` says what it did, line by line."""

import json
from pathlib import Path

from tests.helpers.command_line import Cli


def test_the_schema_is_json_in_both_modes(cli: Cli) -> None:
    text = cli("catalogue", "schema").out
    assert json.loads(text)["title"] == "Catalogue"
    assert cli("--json", "catalogue", "schema").data == json.loads(text)


def test_presets_are_exported_and_no_file_is_overwritten(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    told = cli("catalogue", "export", str(path), "--institution", "Us")
    assert told.out.strip() == f"{len(json.loads(path.read_text())['services'])} services in {path}."
    again = cli("--json", "catalogue", "export", str(path))
    assert again.code == 3
    assert again.problem["title"] == "The file is there already"


def test_what_is_not_signed_is_refused_and_nothing_is_listed(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "ours.json"
    path.write_text("{}")
    assert (
        cli("--json", "catalogue", "add", str(path), "--key", "RW").problem["title"]
        == "This is no public key"
    )
    assert cli("--json", "catalogue", "list").data == {"catalogues": []}
    assert cli("--json", "catalogue", "remove", "0" * 16).problem["title"] == "No such catalogue"
