"""How a job's process tells its server what happens."""

from pathlib import Path

from app.domain.progress import Progress
from app.practice.orders import Listener, Teller
from app.practice.panels import PanelPopulation, write_sites
from tests.unit.practice.conftest import tiny_panel


def test_events_arrive_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    listener = Listener(path)
    assert listener.news() == []
    seen: list[Progress] = []
    with Teller(path, seen.append) as teller:
        teller.step("Quality Control")
        assert listener.news() == [{"step": "Quality Control"}]
        teller.message(0, "one\n\n  \ntwo")
        teller.running("Phasing")
        with path.open("a") as file:
            file.write('{"log": "ha')
            file.flush()
            assert listener.news() == [
                {"message": "one\ntwo", "type": 0},
                {"message": "<b>Phasing</b>", "type": 3},
            ]
            file.write('lf"}\n')
        assert listener.news() == [{"log": "half"}]
    assert [each.done for each in seen] == [1, 2, 3]


def test_site_list(tmp_path: Path) -> None:
    from app.genotypes.bgzf import read_lines

    tiny_panel(tmp_path / "home", tmp_path)
    people = PanelPopulation(id="first", name="First", samples=1, people=("A",))
    told = PanelPopulation(id="told", name="Told", samples=1, info_key="ONE_AF")
    sites = tmp_path / "sites.gz"
    assert write_sites(tmp_path / "tiny.vcf.gz", sites, (people, told)) == (2, 2)
    assert list(read_lines(sites)) == [
        b"ID\tCHROM\tPOS\tREF\tALT\tAAF_FIRST\tAAF_TOLD",
        b"rs1\t20\t100\tA\tG\t0.5\t0.3",
        b"rs2\t20\t200\tC\tT\t1\t0.5",
    ]
