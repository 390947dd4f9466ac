"""Practice data and panels."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from app.genotypes.bgzf import read_lines
from app.practice.cohort import CHROMOSOMES, add_practice_panels, make_practice_data
from app.practice.host import Host
from app.practice.panels import PanelShelf

SITES = 400


def rows(path: Path) -> list[list[bytes]]:
    return [line.split(b"\t") for line in read_lines(path) if not line.startswith(b"#")]


def digests(folder: Path) -> dict[str, str]:
    found = sorted(each for each in folder.rglob("*") if each.is_file())
    return {
        each.relative_to(folder).as_posix(): hashlib.sha256(each.read_bytes()).hexdigest() for each in found
    }


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_practice_data(tmp_path / name, samples=21, sites=SITES, seed=3)
    make_practice_data(tmp_path / "c", samples=21, sites=SITES, seed=4)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


def test_cohort_belongs_to_the_panel(tmp_path: Path) -> None:
    data = make_practice_data(tmp_path / "data", samples=21, sites=SITES)
    shelf = PanelShelf(tmp_path / "panels")
    panels = add_practice_panels(shelf, sites=SITES)
    assert [each.name for each in panels] == ["Practice panel (GRCh37/hg19)", "Practice panel (GRCh38/hg38)"]
    assert [each.id for each in panels[0].populations] == ["north", "south", "east", "off"]
    for chromosome, cohort, truth in zip(CHROMOSOMES, data.cohort, data.truth, strict=True):
        installed = panels[0].chromosomes[chromosome]
        sites = {tuple(row[2:5]): row for row in rows(Path(installed.sites))[1:]}
        typed = rows(cohort)
        assert len(typed[0]) == 9 + 21
        assert 0 < len(typed) < len(sites) == installed.variants == len(rows(truth)) == SITES
        assert all((row[1], row[3], row[4]) in sites for row in typed)
        assert {len(row) for row in sites.values()} == {8}
    contigs = {row[0] for row in rows(Path(panels[1].chromosomes["20"].vcf))}
    assert contigs == {b"chr20"}
    again = PanelShelf(tmp_path / "panels")
    assert add_practice_panels(again, sites=SITES) == panels
    again.remove("practice-hg38")
    assert [each.id for each in again.packages()] == ["practice-hg19"]


def test_spoilt_copies(tmp_path: Path) -> None:
    data = make_practice_data(tmp_path, samples=21, sites=SITES)
    clean = rows(data.cohort[0])
    assert {row[0] for row in rows(data.faulty["chr-prefix"])} == {b"chr20"}
    unsorted = [int(row[1]) for row in rows(data.faulty["unsorted"])]
    assert unsorted != sorted(unsorted)
    flipped = rows(data.faulty["strand-flips"])
    assert flipped[0][3] != clean[0][3]
    assert flipped[0][5:] == clean[0][5:]
    assert "invented" in data.readme.read_text()
    with pytest.raises(ValueError, match="at least"):
        make_practice_data(tmp_path, samples=1)


def test_four_spellings(tmp_path: Path) -> None:
    shelf = PanelShelf(tmp_path)
    add_practice_panels(shelf, sites=SITES)
    panel = shelf.find("practice-hg19")
    assert panel is not None
    assert all(shelf.find(each) == panel for each in panel.spellings())
    assert len(panel.spellings()) == 4
    assert shelf.find("apps@other@1.0.0") is None


def test_host(tmp_path: Path) -> None:
    async def go() -> None:
        host = Host(tmp_path / "practice")
        assert host.base_url is None
        add_practice_panels(PanelShelf(tmp_path / "practice" / "panels"), sites=SITES)
        url, token = await host.start()
        assert (url, token.get_secret_value()) == (host.base_url, (await host.start())[1].get_secret_value())
        assert url.startswith("http://127.0.0.1:")
        await host.stop()
        await host.stop()
        assert host.base_url is None

    asyncio.run(go())
