"""The work of a job, in this process: checks, options, engines, archives."""

import html
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from app.domain.progress import silent
from app.genotypes.bgzf import BgzfWriter, read_lines
from app.imputation.engines import beagle_command, minimac4_command
from app.practice.cohort import PracticeData, add_practice_panels, make_practice_data
from app.practice.form import CHECKBOXES, DEFAULTS
from app.practice.imputing import Target, add_header_lines, append_records
from app.practice.orders import JobOrder, Listener
from app.practice.panels import PanelPackage, PanelShelf
from app.practice.pipeline import run_job
from app.practice.settings import PracticeLimits, ServerText

SITES = 1_200


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[PanelPackage, ...], PracticeData]:
    folder = tmp_path_factory.mktemp("world")
    panels = add_practice_panels(PanelShelf(folder / "panels"), sites=SITES)
    return panels, make_practice_data(folder / "data", samples=24, sites=SITES)


@pytest.fixture
def cohort(world: tuple[tuple[PanelPackage, ...], PracticeData]) -> PracticeData:
    return world[1]


class Bench:
    """Runs jobs and keeps what they told."""

    def __init__(self, panels: tuple[PanelPackage, ...], folder: Path) -> None:
        self._panels = panels
        self._folder = folder
        self._jobs = 0
        self.success = False
        self.steps: dict[str, list[str]] = {}
        self.running: list[str] = []
        self.output = folder

    def run(self, *files: Path, **more: Any) -> bool:
        self._jobs += 1
        folder = self._folder / f"job-{self._jobs}"
        (folder / "input").mkdir(parents=True)
        for file in files:
            (folder / "input" / file.name).write_bytes(file.read_bytes())
        settings = {key: more.pop(key) for key in ("limits", "engine", "failing_qc") if key in more}
        inputs = DEFAULTS | dict.fromkeys(CHECKBOXES, "false")
        inputs |= {"refpanel": "practice-hg19", "population": "north", "password": "secret-1"} | more
        if inputs["password"] is None:
            del inputs["password"]
        order = JobOrder(
            job_id=folder.name,
            folder=str(folder),
            inputs=inputs,
            files=tuple(each.name for each in files),
            panel=next(each for each in self._panels if each.id == inputs["refpanel"]),
            text=ServerText(),
            **{"limits": PracticeLimits(), **settings},
        )
        self.success = run_job(order, silent).success
        self.output = folder / "output"
        self._read(folder)
        assert not (folder / "work").exists()
        return self.success

    def _read(self, folder: Path) -> None:
        self.steps, self.running = {}, []
        for event in Listener(folder / "events.jsonl").news():
            if "step" in event:
                self.steps[event["step"]] = []
            elif event.get("type") == 3:
                self.running.append(event["message"])
            elif "message" in event:
                self.steps[list(self.steps)[-1]].append(event["message"])

    def opened(self, name: str = "chr_20.zip", password: str = "secret-1") -> dict[str, list[bytes]]:
        path = self.output / name
        aes = zipfile.ZipFile(path).infolist()[0].compress_type == 99
        found = {}
        with (pyzipper.AESZipFile if aes else zipfile.ZipFile)(path) as archive:
            for each in archive.namelist():
                target = self.output / each
                target.write_bytes(archive.read(each, pwd=password.encode()))
                found[each] = list(read_lines(target))
        return found


@pytest.fixture
def bench(world: tuple[tuple[PanelPackage, ...], PracticeData], tmp_path: Path) -> Bench:
    return Bench(world[0], tmp_path)


def records(lines: list[bytes]) -> list[list[bytes]]:
    return [line.split(b"\t") for line in lines if not line.startswith(b"#")]


def rewritten(source: Path, target: Path, edit: Any) -> Path:
    with BgzfWriter(target) as writer:
        for line in read_lines(source):
            row = line if line.startswith(b"#") else edit(line.split(b"\t"))
            if row is not None:
                writer.write((row if isinstance(row, bytes) else b"\t".join(row)) + b"\n")
    return target


def test_options(bench: Bench, cohort: PracticeData) -> None:
    limits = PracticeLimits(archive_md5=True)
    assert bench.run(cohort.cohort[0], aesEncryption="true", r2Filter="0.3", meta="true", limits=limits)
    assert (bench.output / "chr_20.zip.md5").is_file()
    assert bench.steps["Input Validation"][0].endswith("Rsq filter: 0.3")
    assert zipfile.ZipFile(bench.output / "chr_20.zip").infolist()[0].compress_type == 99
    inside = bench.opened()
    assert list(inside) == ["chr20.dose.vcf.gz", "chr20.info.gz", "chr20.empiricalDose.vcf.gz"]
    assert 0 < len(records(inside["chr20.dose.vcf.gz"])) < SITES
    notes = [line for line in inside["chr20.dose.vcf.gz"] if line.startswith(b"##mis_")]
    assert notes[1:] == [b"##mis_phasing=eagle", b"##mis_panel=practice-hg19@1.0.0"]
    assert bench.running[-1].startswith("<b>Imputation (1/1)</b>")
    assert "secret-1" not in str(bench.steps)


def test_qc_only(bench: Bench, cohort: PracticeData) -> None:
    assert bench.run(cohort.cohort[0], mode="qc_only")
    assert not (bench.output / "chr_20.zip").exists()
    report = (bench.output / "qc_report.txt").read_text()
    assert report.startswith("::set-counter name=samples:: 24\n::group type=message::\n<b>Statistics:</b>")
    assert "Quality control" in (bench.output / "quality-control.html").read_text()
    head = (bench.output / "statistics" / "snps-excluded.txt").read_text().split("\n")[0]
    assert head == "ID\tCHROM\tPOS\tREF\tALT\tINFO"


def test_password_of_the_server(bench: Bench, cohort: PracticeData) -> None:
    assert bench.run(cohort.cohort[0], password=None)
    password = html.unescape(bench.steps["Summary"][0].rpartition("password <b>")[2].removesuffix("</b>"))
    assert len(password) == 14
    assert list(bench.opened(password=password)) == ["chr20.dose.vcf.gz", "chr20.info.gz"]


def test_phased_data_without_phasing(bench: Bench, cohort: PracticeData, tmp_path: Path) -> None:
    def phase(cells: list[bytes]) -> list[bytes]:
        return cells[:9] + [each.replace(b"/", b"|").replace(b".", b"0") for each in cells[9:]]

    assert bench.run(rewritten(cohort.cohort[0], tmp_path / "a.vcf.gz", phase), phasing="no_phasing")
    assert not bench.run(cohort.cohort[0], phasing="no_phasing")
    assert bench.steps["Input Validation"] == [
        "Your input data is unphased. Please select an algorithm for phasing."
    ]


def test_refused(bench: Bench, cohort: PracticeData, tmp_path: Path) -> None:
    assert not bench.run(cohort.cohort[0], failing_qc=True)
    assert bench.steps["Quality Control"][-1] == (
        "<b>Error:</b> No chunks passed the QC step. Imputation cannot be started!"
    )
    assert (bench.output / "qc_report.txt").is_file()
    assert not bench.run(cohort.faulty["chr-prefix"])
    assert "is encoded as '20'" in bench.steps["Input Validation"][0]
    assert not bench.run(cohort.faulty["unsorted"])
    assert bench.steps["Input Validation"][0].startswith("The provided VCF file is malformed.")
    assert not bench.run(cohort.cohort[0], population="mars")
    assert bench.steps["Input Validation"][0].split("\n")[1] == "Available populations:"
    text = tmp_path / "a.txt"
    text.write_text("x")
    assert not bench.run(text)
    assert bench.steps["Input Validation"] == ["No vcf.gz input files detected."]


def test_excluded_sites_do_not_go_on(bench: Bench, cohort: PracticeData, tmp_path: Path) -> None:
    swapped: list[bytes] = []

    def swap_some(cells: list[bytes]) -> list[bytes]:
        if len(swapped) < 3:
            swapped.append(cells[1])
            cells[3], cells[4] = cells[4], cells[3]
        return cells

    assert bench.run(rewritten(cohort.cohort[0], tmp_path / "a.vcf.gz", swap_some))
    assert "Allele switch: 3" in bench.steps["Quality Control"][0]
    assert "Excluded sites in total: 3" in bench.steps["Quality Control"][1]
    rows = (bench.output / "statistics" / "snps-excluded.txt").read_text().splitlines()
    assert len(rows) == 4
    assert "Allele switch. Reference Panel: " in rows[1]
    imputed = {cells[1]: cells[7] for cells in records(bench.opened()["chr20.dose.vcf.gz"])}
    assert all(b"TYPED" not in imputed[place].split(b";") for place in swapped)


def test_panel_of_the_other_build(bench: Bench, cohort: PracticeData, tmp_path: Path) -> None:
    moved = rewritten(
        cohort.cohort[0], tmp_path / "hg38.vcf.gz", lambda cells: [b"chr" + cells[0], *cells[1:]]
    )
    assert bench.run(moved, refpanel="practice-hg38", build="hg38")
    assert "Reference Panel: practice-hg38 (hg38)" in bench.steps["Input Validation"][0]
    assert records(bench.opened()["chr20.dose.vcf.gz"])[0][0] == b"chr20"


def test_chunks_that_are_left_out(bench: Bench, cohort: PracticeData, tmp_path: Path) -> None:
    """Without array sites in the middle, the pieces at both ends are imputed and joined."""
    limits = PracticeLimits(chunk_size=50_000, phasing_window=1)
    places = [int(cells[1]) for cells in records(list(read_lines(cohort.cohort[0])))]
    low, high = 10_050_000, 10_100_000
    assert any(low < place <= high for place in places)
    gap = rewritten(
        cohort.cohort[0],
        tmp_path / "gap.vcf.gz",
        lambda cells: None if low < int(cells[1]) <= high else cells,
    )
    assert bench.run(gap, limits=limits, meta="true")
    inside = bench.opened()
    imputed = [int(cells[1]) for cells in records(inside["chr20.dose.vcf.gz"])]
    assert imputed == sorted(imputed)
    assert not any(low < place <= high for place in imputed)
    assert imputed[0] < low
    assert imputed[-1] > high


@pytest.mark.parametrize("engine", ["minimac4", "beagle"])
def test_other_engines(bench: Bench, cohort: PracticeData, engine: str) -> None:
    if (minimac4_command if engine == "minimac4" else beagle_command)() is None:
        pytest.skip(f"{engine} is not on this machine")
    phasing = "beagle" if engine == "beagle" else "eagle"
    assert bench.run(cohort.cohort[0], phasing=phasing, engine=engine)
    assert len(records(bench.opened()["chr20.dose.vcf.gz"])) == SITES


def test_stretches() -> None:
    target = Target("20", Path(), ((41, 60), (1, 20), (21, 40), (81, 100)))
    assert target.stretches() == [(1, 60), (81, 100)]


def test_header_and_joining(tmp_path: Path) -> None:
    paths = [tmp_path / "a.vcf.gz", tmp_path / "b.vcf.gz"]
    for number, path in enumerate(paths):
        with BgzfWriter(path) as writer:
            writer.write(b"##fileformat=VCFv4.2\n#CHROM\n" + b"20\t%d\n" % number * 30_000)
    append_records(*paths)
    add_header_lines(paths[0], ["##mis_x=1"])
    lines = list(read_lines(paths[0]))
    assert lines[:3] == [b"##fileformat=VCFv4.2", b"##mis_x=1", b"#CHROM"]
    assert lines[3:] == [b"20\t0"] * 30_000 + [b"20\t1"] * 30_000
    assert io.BytesIO(paths[0].read_bytes()).read(2) == b"\x1f\x8b"


def test_data_of_another_build_are_refused(bench: Bench, cohort: PracticeData, tmp_path: Path) -> None:
    moved = rewritten(
        cohort.cohort[0], tmp_path / "hg38.vcf.gz", lambda cells: [b"chr" + cells[0], *cells[1:]]
    )
    assert not bench.run(moved, build="hg38")
    assert list(bench.steps) == ["Input Validation"]
    assert "has no chain files" in bench.steps["Input Validation"][0]
