"""Minimac4 and Beagle for real, where they are installed."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from app.domain.problem import Kind, ProblemError
from app.domain.progress import Progress, silent
from app.genotypes.bgzf import read_lines
from app.genotypes.matrix import ABSENT, read_matrix
from app.imputation.beagle import step_cm
from app.imputation.contract import EngineName, ImputationRequest, PhasingName, Tools
from app.imputation.engines import beagle_command, engines
from app.imputation.genetic_map import read_map
from app.imputation.program import run_program
from app.imputation.run import impute_files
from app.practice.simulation_files import SimulatedFiles
from app.results.accuracy import accuracy
from app.results.quality import quality
from tests.unit.imputation.vcf import Row, panel_rows, write_vcf

needs_minimac4 = pytest.mark.skipif(not shutil.which("minimac4"), reason="minimac4 is not installed")
needs_beagle = pytest.mark.skipif(beagle_command() is None, reason="beagle is not installed")


def worst_common(dose: Path, truth: Path) -> float:
    bins = accuracy([dose], truth).by_maf
    return min(each.r2 for each in bins if each.maf_from >= 0.05 and each.r2 is not None)


def request(files: SimulatedFiles, out: Path, engine: str, phasing: str) -> ImputationRequest:
    return ImputationRequest(
        panel_vcf=files.panel,
        target_vcf=files.cohort,
        out_dir=out,
        chromosome="20",
        engine=EngineName(engine),
        phasing=PhasingName(phasing),
        map_file=files.genetic_map,
    )


@needs_minimac4
def test_minimac4(cohort_files: SimulatedFiles, tmp_path: Path) -> None:
    made = impute_files(request(cohort_files, tmp_path, "minimac4", "builtin"))
    assert (made.figures.typed, made.figures.written) == (150, 3000)
    assert made.figures.mean_er2 is not None
    assert made.empirical is not None
    assert worst_common(made.dose, cohort_files.truth) > 0.85
    assert quality(tmp_path).by_chromosome[0].typed == 150
    assert len(list(tmp_path.iterdir())) == 4


@needs_minimac4
def test_minimac4_gets_no_missing_genotype(phased_files: SimulatedFiles, tmp_path: Path) -> None:
    lines = _unpacked(phased_files.cohort)
    lines[-1] = lines[-1][: -len("0|0")] + ".|."
    target = tmp_path / "missing.vcf"
    target.write_text("\n".join(lines) + "\n")
    asked = request(phased_files, tmp_path / "out", "minimac4", "none")
    with pytest.raises(ProblemError, match="missing"):
        impute_files(replace(asked, target_vcf=target))
    assert not list((tmp_path / "out").iterdir())


def _unpacked(path: Path) -> list[str]:
    return [line.decode() for line in read_lines(path)]


@pytest.mark.slow
@needs_beagle
def test_beagle_phases_and_imputes(cohort_files: SimulatedFiles, tmp_path: Path) -> None:
    made = impute_files(request(cohort_files, tmp_path, "beagle", "beagle"))
    assert made.figures.written == 3000
    assert made.empirical is None
    assert made.figures.mean_er2 is None
    assert worst_common(made.dose, cohort_files.truth) > 0.9
    assert quality(tmp_path).by_chromosome[0].typed == 150


@pytest.mark.slow
@needs_beagle
def test_the_same_as_beagle_by_hand(cohort_files: SimulatedFiles, tmp_path: Path) -> None:
    """In one go by hand, in two steps by us: the same dosages, as Beagle rounds them.

    The piece is 0.7 cM long, so we take shorter steps; with the usual ones it is worse by hand.
    """
    asked = request(cohort_files, tmp_path / "ours", "beagle", "beagle")
    made = impute_files(asked)
    command = beagle_command(1024)
    assert command is not None
    files = [f"gt={cohort_files.cohort}", f"ref={cohort_files.panel}", f"map={cohort_files.genetic_map}"]
    cm = read_map(cohort_files.genetic_map, "20").at(read_matrix(cohort_files.cohort).positions)
    for name, more in {"hand": [f"imp-step={step_cm(cm):.4f}"], "usual": []}.items():
        call = [*command, *files, f"out={tmp_path / name}", "seed=1", "nthreads=1", *more]
        run_program(call, tmp_path, "Imputing", silent)
    ours, theirs = _dosages(made.dose), _dosages(tmp_path / "hand.vcf.gz")
    assert list(ours) == list(theirs)
    apart = [abs(a - b) for site, row in ours.items() for a, b in zip(row, theirs[site], strict=True)]
    assert max(apart) <= 0.0151  # two chances of two decimals each against their sum of two decimals
    usual = worst_common(tmp_path / "usual.vcf.gz", cohort_files.truth)
    assert worst_common(made.dose, cohort_files.truth) > usual


def _dosages(path: Path) -> dict[tuple[bytes, ...], list[float]]:
    found = {}
    for line in read_lines(path):
        if not line.startswith(b"#"):
            cells = line.split(b"\t")
            at = cells[8].split(b":").index(b"DS")
            found[tuple(cells[i] for i in (1, 3, 4))] = [float(c.split(b":")[at]) for c in cells[9:]]
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="a program that is a script")
def test_an_engine_that_ends_well_with_a_file_cut_short_is_not_believed(
    phased_files: SimulatedFiles, tmp_path: Path
) -> None:
    """A stand-in for Minimac4 4.1.2: all sites in its list, a block of the dosages missing at the end."""
    program = tmp_path / "minimac4"
    program.write_text(f"#!{sys.executable}\n" + _CUT_SHORT)
    program.chmod(0o755)
    asked = request(phased_files, tmp_path / "out", "minimac4", "none")
    asked = replace(asked, tools=Tools(minimac4=str(program)))
    with pytest.raises(ProblemError, match="not whole") as caught:
        impute_files(asked)
    assert "has 30 records, the dosages have 20" in caught.value.problem.what_happened


_CUT_SHORT = """
import gzip, struct, sys, zlib
def block(text):
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(text) + packer.flush()
    head = struct.pack("<4BI2BH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25)
    return head + body + struct.pack("<2I", zlib.crc32(text), len(text))
def write(path, count, more):
    row = b"20\\t%d\\t.\\tA\\tC\\t.\\tPASS\\tIMPUTED;R2=0.5%s\\n"
    rows = b"".join(row % (i + 1, more) for i in range(count))
    open(path, "wb").write(block(b"#CHROM\\n" + rows) + block(b""))
words = sys.argv
if "-s" in words:
    write(words[words.index("-s") + 1], 30, b"")
    write(words[words.index("-e") + 1], 1, b"\\tGT\\t0|0")
    write(words[words.index("-o") + 1], 20, b"\\tGT\\t0|0")
"""


def test_short_pieces_get_short_steps() -> None:
    assert step_cm(np.linspace(0, 20, 5000)) == 0.1
    assert step_cm(np.linspace(100.0, 100.1, 300)) == pytest.approx(0.005)
    genes = np.concatenate([np.linspace(0, 0.1, 100), np.linspace(30, 30.1, 100)])
    assert step_cm(genes) == pytest.approx(0.015)
    assert step_cm(np.array([5.0])) == 0.002


def test_the_builtin_engine_is_always_there() -> None:
    first = engines()[0]
    assert (first.name, first.present) == ("builtin", True)
    assert all(each.version for each in engines() if each.present)


def test_a_program_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('no such panel'); sys.exit(134)"]
    with pytest.raises(ProblemError, match="134") as caught:
        run_program(command, tmp_path, "Imputing", silent)
    assert "no such panel" in caught.value.problem.details
    with pytest.raises(ProblemError) as missing:
        run_program([str(tmp_path / "nothing")], tmp_path, "Imputing", silent)
    assert missing.value.problem.kind is Kind.REFUSED


class Stop(Exception):
    pass


def test_a_cancelled_program_is_killed(tmp_path: Path) -> None:
    code = "import os, pathlib, time; pathlib.Path(str(os.getpid())).touch(); time.sleep(60)"

    def stop(_progress: Progress) -> None:
        if list(tmp_path.glob("[0-9]*")):
            raise Stop

    with pytest.raises(Stop):
        run_program([sys.executable, "-c", code], tmp_path, "Imputing", stop)
    (begun,) = tmp_path.glob("[0-9]*")
    if sys.platform != "win32":  # where this would kill
        with pytest.raises(ProcessLookupError):
            os.kill(int(begun.name), 0)


@needs_beagle
@pytest.mark.parametrize("phasing", [PhasingName.NONE, PhasingName.BEAGLE])
def test_beagle_with_a_haploid_person_and_a_site_of_two_alts(phasing: PhasingName, tmp_path: Path) -> None:
    panel = panel_rows()
    panel[10] = (panel[10][0], "A", "C,G", ["0|2", *panel[10][3][1:]])
    target: list[Row] = [(p, "A", "C", ["0|1", "1"]) for p in (3000, 9000, 20000)]
    made = impute_files(
        ImputationRequest(
            panel_vcf=write_vcf(tmp_path / "panel.vcf", panel),
            target_vcf=write_vcf(tmp_path / "target.vcf", target, prefix="T"),
            out_dir=tmp_path / "out",
            chromosome="20",
            engine=EngineName.BEAGLE,
            phasing=phasing,
        )
    )
    assert made.figures.written == len(panel) - 1
    assert set(read_matrix(made.dose).haplotypes[:, 3].tolist()) == {ABSENT}


@needs_minimac4
def test_a_stretch_of_the_panel_without_sites_does_not_end_minimac4(tmp_path: Path) -> None:
    """4.1.2 aborts at an empty piece of its own cut, 20 to 40 Mb here."""
    rows = panel_rows(80, 20)
    rows[40:] = [(position + 45_000_000, *rest) for position, *rest in rows[40:]]  # type: ignore[misc]
    target: list[Row] = [(p, r, a, cells[:3]) for p, r, a, cells in rows[:40:4]]
    made = impute_files(
        ImputationRequest(
            panel_vcf=write_vcf(tmp_path / "panel.vcf", rows),
            target_vcf=write_vcf(tmp_path / "target.vcf", target, prefix="T"),
            out_dir=tmp_path / "out",
            chromosome="20",
            engine=EngineName.MINIMAC4,
        )
    )
    assert (made.figures.written, made.figures.typed) == (80, 10)


def program(words: str, folder: Path) -> list[str]:
    """A stand-in for an engine; it needs no file that can be run."""
    script = folder / "engine.py"
    script.write_text(words)
    return [sys.executable, str(script)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("raise SystemExit('java.lang.UnsupportedClassVersionError: Main')", "too old"),
        ("raise SystemExit('java.lang.OutOfMemoryError: heap')", "ran out of memory"),
        ("raise SystemExit('what(): std::bad_alloc')", "ran out of memory"),
        ("raise SystemExit(3)", "ended with 3"),
    ],
    ids=["old java", "heap", "alloc", "other"],
)
def test_the_end_of_an_engine_is_told_in_words(words: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match=told):
        run_program(program(words, tmp_path), tmp_path, "Imputing", silent)


@pytest.mark.skipif(sys.platform != "linux", reason="locales of Linux")
def test_engines_have_a_locale_in_which_they_find_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = program("import os; print(os.environ.get('LC_ALL'))", tmp_path)
    for words, wanted in (("C", "C.UTF-8"), ("de_DE.UTF-8", "de_DE.UTF-8")):
        monkeypatch.setenv("LC_ALL", words)
        assert run_program(ask, tmp_path, "Imputing", silent).strip() == wanted


def test_a_full_disk_is_told_as_such_and_temporary_files_lie_with_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = program("import os; print(os.environ['TMPDIR'])", tmp_path)
    assert run_program(ask, tmp_path, "Imputing", silent).strip() == str(tmp_path)
    monkeypatch.setattr("app.imputation.program.shutil.disk_usage", lambda _: _Usage(0))
    with pytest.raises(ProblemError) as caught:
        run_program(program("raise SystemExit(1)", tmp_path), tmp_path, "Imputing", silent)
    assert caught.value.problem.kind is Kind.DISK


class _Usage(NamedTuple):
    free: int
