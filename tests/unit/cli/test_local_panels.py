"""`panels add-local` and `remove-local`: what is kept, and exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.service import TokenInfo
from app.services.contract import Capabilities, Connection
from tests.helpers.command_line import Cli, FakeProgram
from tests.helpers.direct_work import work_directly
from tests.helpers.fake_family import FakeFamily
from tests.unit.imputation.vcf import panel_rows, write_vcf


class NoTokens(FakeFamily):
    """A service that needs no token, as this computer."""

    capabilities = Capabilities(token=False)

    async def verify_token(self, connection: Connection) -> TokenInfo:
        """As good as there."""
        return TokenInfo(present=True, valid=True)


@pytest.fixture
def program(tmp_path: Path) -> FakeProgram:
    """The parts around the command line."""
    return FakeProgram(tmp_path / "home", family=NoTokens())


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started."""
    work_directly(monkeypatch)
    monkeypatch.setenv("PATH", "")


def test_add_and_remove(cli: Cli, program: FakeProgram, tmp_path: Path) -> None:
    rows = panel_rows()
    rows[3] = (*rows[3][:2], "C,G", rows[3][3])
    rows.append(rows[-1])
    source = write_vcf(tmp_path / "panel.vcf", rows)
    told = cli("panels", "add-local", "Ten people", source, "--build", "hg19", "--json")
    assert told.code == 0, told.err
    assert "1 record with several ALT alleles" in told.err
    assert "1 record left out as duplicates" in told.err
    kept = program.home(None) / "local" / "panels" / "ten-people"
    assert {p.name for p in kept.iterdir()} == {"panel.json", "parts.json", "chr20.hpanel"}
    assert cli("panels", "add-local", "Ten people", source, "--build", "hg19").code == 3
    assert cli("services", "list", "--json").data["services"][0]["id"] == "this-computer"
    assert cli("panels", "remove-local", "ten-people", "--json").code == 0
    assert not kept.exists()
    assert cli("panels", "remove-local", "ten-people").code == 3


def test_what_is_wrong_is_told(cli: Cli, tmp_path: Path) -> None:
    rows = panel_rows()
    rows[5][3][2] = ".|."  # type: ignore[index]
    source = write_vcf(tmp_path / "gaps.vcf", rows)
    told = cli("panels", "add-local", "Gaps", source, "--build", "GRCh37", "--json")
    assert told.code == 3
    assert told.data["problem"]["title"] == "The panel has missing genotypes"
    assert cli("panels", "add-local", "Gaps", source, "--build", "b99").code == 2
    assert cli("panels", "add-local", "Gaps", tmp_path / "absent.vcf").code == 3


def test_pack_and_verify(cli: Cli, tmp_path: Path) -> None:
    source, target = write_vcf(tmp_path / "panel.vcf", panel_rows()), tmp_path / "panel.hpanel"
    told = cli("panels", "pack", source, target, "--json")
    assert told.code == 0, told.err
    assert (told.data["sites"], told.data["samples"]) == (40, 10)
    assert cli("panels", "pack", source, target).code == 3
    assert cli("panels", "pack", source, tmp_path / "panel.bin").code == 3
    seen = cli("panels", "verify", target, "--json")
    assert (seen.code, seen.data["haplotypes"], seen.data["last"]) == (0, 20, 40_000)
    damaged = bytearray(target.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    target.write_bytes(damaged)
    told = cli("panels", "verify", target, "--json")
    assert told.code == 3
    assert told.data["problem"]["title"] == "The panel is damaged"
