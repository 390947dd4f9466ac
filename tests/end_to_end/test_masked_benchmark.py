"""A masked benchmark on this computer, by the command line: a panel of many people against one of few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.genotypes.bgzf import BgzfWriter, read_lines
from tests.end_to_end.conftest import SAMPLES, World
from tests.end_to_end.test_cli_journey import Shell, environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
FEW = 6
SEND = ("--option", "engine=builtin", "--override-reason", "invented people", "--wait")


def few_people(source: Path, target: Path) -> Path:
    """A panel of the first people only."""
    with BgzfWriter(target) as file:
        for line in read_lines(source):
            file.write(line if line.startswith(b"##") else b"\t".join(line.split(b"\t")[: 9 + FEW]))
            file.write(b"\n")
    return target


def test_the_larger_panel_wins_and_gets_everything(tmp_path: Path, world: World) -> None:
    quiet = {"HAPLODESK_KEYRING": "memory", "PYTHONWARNINGS": "ignore::ResourceWarning"}  # runners live on
    shell = Shell(tmp_path / "home", environment(tmp_path, **quiet))
    few = [few_people(each, tmp_path / each.name) for each in world.data.panel]
    maps = [word for each in world.data.maps for word in ("--map", each)]
    shell.run("panels", "add-local", "Few", *few, "--build", "GRCh37", *maps)
    offered = shell.run("panels", "add-local", "Many", *world.data.panel, "--build", "GRCh37", *maps)
    service = offered["panels"][0]["service"]
    to = ("--service", service, "--panel", "few", "--panel", "many")
    hide = ("--share", "0.2", "--seed", "5", "--name", "Which")
    made = shell.run("benchmark", "make", *world.data.cohort, *to, *hide)["benchmark"]
    assert made["state"] == "2 ready"
    assert made["hidden"]["people"] == SAMPLES
    shell.run("benchmark", "score", made["id"], code=1)
    sent = shell.run("benchmark", "send", made["id"], *SEND)["benchmark"]
    assert sent["state"] == "2 running"
    scored: dict[str, Any] = shell.run("benchmark", "score", made["id"])["benchmark"]
    assert scored["state"] == "2 scored"
    by_panel = {each["panel_id"]: each for each in scored["entries"]}
    assert scored["winner"] == by_panel["many"]["key"]
    gap = by_panel["many"]["standing"]["score"] - by_panel["few"]["standing"]["score"]
    assert gap > 0.05
    truth = [word for each in world.data.truth for word in ("--truth", each)]
    whole = shell.run("benchmark", "winner", made["id"], *SEND)["jobs"][0]
    assert (whole["panel"], whole["state"]) == ("many", "success")
    shell.run("results", "fetch", whole["id"])
    told = shell.run("results", "score", whole["id"], *truth)
    assert told["people"] == SAMPLES
    known = [each for each in told["by_maf"] if each["maf_from"] >= 0.05]
    assert sum(each["sites"] for each in known) > 100
    assert all(each["r2"] > by_panel["few"]["standing"]["score"] for each in known)
    assert shell.run("benchmark", "show")["benchmarks"][0]["full_job_id"] == whole["id"]
    twice = shell.run("benchmark", "winner", made["id"], *SEND, code=3)
    assert twice["problem"]["title"] == "Everything was sent already"
    shell.run("benchmark", "remove", made["id"])
    assert not list((tmp_path / "home" / "benchmarks").iterdir())
