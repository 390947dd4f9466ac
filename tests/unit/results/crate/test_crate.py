"""Crates keep the rules of their profiles, and every changed byte of them is found."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.crate import CrateProof, FaultKind
from app.domain.problem import Kind, ProblemError
from app.domain.progress import silent
from app.domain.result_report import InputFact, OutputFact, RunFacts
from app.results.crate.building import make_crate
from app.results.crate.crate_files import MADE, MANIFEST, METADATA
from app.results.crate.hashing import files_below
from app.results.crate.proving import prove_crate
from app.results.reporting.making import ReportErrand
from tests.unit.results.crate.rules import broken
from tests.unit.results.reporting.parts import NOW, PEOPLE, books, result_folder, run_facts

ODD = "statistics/a b%20[é] #1.txt"


def errand_of(folder: Path, facts: RunFacts | None = None, **more: object) -> ReportErrand:
    names = [name for name in files_below(folder) if name not in (METADATA, MANIFEST, *MADE)]
    outputs = tuple(OutputFact(path=name, size=(folder / name).stat().st_size) for name in names)
    told = {"ledger": books(), "people": PEOPLE, **more}
    return ReportErrand(facts or run_facts(), str(folder), outputs, **told)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def crated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a crate."""
    folder = result_folder(tmp_path_factory.mktemp("crate"))
    (folder / "statistics").mkdir()
    (folder / ODD).write_text("none\n")
    (folder / "empty.txt").touch()
    assert make_crate(errand_of(folder), "", silent) == 3 + len(MADE)
    return folder


@pytest.fixture
def mine(crated: Path, tmp_path: Path) -> Path:
    """A copy of it that may be spoilt."""
    return shutil.copytree(crated, tmp_path / "mine")


def proof_of(folder: Path) -> CrateProof:
    return prove_crate(folder, None, silent)


def faults(folder: Path) -> list[tuple[str, FaultKind]]:
    return [(each.path, each.kind) for each in proof_of(folder).faults]


def told_by(folder: Path) -> dict[str, object]:
    found = json.loads((folder / METADATA).read_bytes())
    assert isinstance(found, dict)
    return found


def test_a_crate_keeps_the_rules_of_its_profiles(crated: Path) -> None:
    assert broken(told_by(crated)) == []


def test_a_crate_of_hardly_any_facts_keeps_them_too(tmp_path: Path) -> None:
    folder = result_folder(tmp_path)
    make_crate(errand_of(folder, RunFacts(haplodesk="0.1.0", made=NOW), ledger=None), "", silent)
    assert broken(told_by(folder)) == []
    assert proof_of(folder).whole


def test_hashes_and_sizes_are_those_of_the_files(crated: Path) -> None:
    graph = told_by(crated)["@graph"]
    assert isinstance(graph, list)
    known = {each["@id"]: each for each in graph}
    dose = (crated / "chr20.dose.vcf.gz").read_bytes()
    assert known["chr20.dose.vcf.gz"]["sha256"] == hashlib.sha256(dose).hexdigest()
    assert known["chr20.dose.vcf.gz"]["contentSize"] == str(len(dose))
    assert known["statistics/a%20b%2520%5B%C3%A9%5D%20%231.txt"]["contentSize"] == "5"
    assert known["#service"]["softwareVersion"] == "2.0.12"
    assert known["#software-minimac4"]["softwareVersion"] == "4.1.6"
    assert known["#value-r2Filter"]["value"] == "0.3"
    assert any(name.startswith("ni:///sha-256;") for name in known)


def test_names_and_the_person_only_when_wanted(crated: Path, mine: Path) -> None:
    made = [crated / name for name in (METADATA, MANIFEST, *MADE)]
    texts = [path.read_bytes() for path in made]
    assert not any(name.encode() in text for name in PEOPLE for text in texts)
    assert not any(b"Grace" in text for text in texts)
    make_crate(errand_of(mine, run_facts(person="Grace"), names=True), "", silent)
    told = (mine / METADATA).read_bytes()
    assert b"Grace" in told
    assert b"Person01.vcf.gz" in told
    assert proof_of(mine).whole


def test_an_untouched_folder_is_whole(mine: Path) -> None:
    (mine / ".DS_Store").write_bytes(b"of the system")
    proof = proof_of(mine)
    assert proof.whole
    assert proof.files == 3 + len(MADE)
    assert proof.unproved == ()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_bit_is_found_and_its_file_named(mine: Path, data: st.DataObject) -> None:
    names = [name for name in files_below(mine) if (mine / name).stat().st_size]
    path = mine / data.draw(st.sampled_from(names))
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    try:
        path.write_bytes(before[:at] + bytes([before[at] ^ bit]) + before[at + 1 :])
        assert faults(mine) == [(path.relative_to(mine).as_posix(), FaultKind.CHANGED)]
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("name", ["chr20.dose.vcf.gz", ODD, "empty.txt", MANIFEST, MADE[0]])
def test_a_file_that_is_gone_is_named(mine: Path, name: str) -> None:
    (mine / name).unlink()
    assert faults(mine) == [(name, FaultKind.MISSING)]


@pytest.mark.parametrize("name", ["new.txt", "statistics/new.txt", ".hidden", "provenance/x"])
def test_a_file_that_came_is_named(mine: Path, name: str) -> None:
    (mine / name).write_bytes(b"")
    assert faults(mine) == [(name, FaultKind.ADDED)]


@pytest.mark.parametrize("name", ["chr20.dose.vcf.gz", "empty.txt", METADATA, MANIFEST])
def test_a_byte_more_is_found(mine: Path, name: str) -> None:
    with (mine / name).open("ab") as file:
        file.write(b"\n")
    assert faults(mine) == [(name, FaultKind.CHANGED)]


def test_a_metadata_file_that_is_cut_is_named(mine: Path) -> None:
    told = (mine / METADATA).read_bytes()
    (mine / METADATA).write_bytes(told[: len(told) // 2])
    assert faults(mine) == [(METADATA, FaultKind.CHANGED)]
    (mine / METADATA).write_text("[" * 100_000)
    assert faults(mine) == [(METADATA, FaultKind.CHANGED)]


def test_metadata_never_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("x")
    folder = tmp_path / "crate"
    folder.mkdir()
    names = ["../outside.txt", str(outside), "C:\\x", "..%2Foutside.txt", f"file://{outside}"]
    graph = [{"@id": each, "@type": "File", "sha256": "0", "contentSize": "1"} for each in names]
    (folder / METADATA).write_text(json.dumps({"@graph": graph}))
    proof = proof_of(folder)
    assert proof.files == 0
    assert proof.whole


def test_a_folder_without_a_crate_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as caught:
        proof_of(tmp_path)
    assert caught.value.problem.kind is Kind.NOT_FOUND


def test_no_crate_is_made_of_files_that_changed_since_they_were_verified(tmp_path: Path) -> None:
    folder = result_folder(tmp_path)
    errand = errand_of(folder)
    known = tuple(each.model_copy(update={"sha256": "0" * 64}) for each in errand.outputs)
    with pytest.raises(ProblemError) as caught:
        make_crate(ReportErrand(errand.facts, errand.folder, known), "", silent)
    assert "chr20.dose.vcf.gz" in caught.value.problem.what_happened
    assert list(files_below(folder)) == ["chr20.dose.vcf.gz"]


def test_inputs_without_a_hash_are_told_without_one(tmp_path: Path) -> None:
    folder = result_folder(tmp_path)
    inputs = (
        InputFact(path="/x", name="x", size=3),
        InputFact(path="/y", name="y", size=3, sha256="cd" * 32),
    )
    make_crate(errand_of(folder, run_facts(inputs=inputs)), "", silent)
    assert broken(told_by(folder)) == []
    text = (folder / METADATA).read_text()
    assert "#input-1" in text
    assert '"name": "input 2"' in text


def test_a_detached_crate_leaves_the_result_alone_and_proves_it(tmp_path: Path) -> None:
    result, apart = result_folder(tmp_path / "result"), tmp_path / "a" / "crate"
    (result / ODD).parent.mkdir()
    for name in ("one.txt", "two.txt", ODD):
        (result / name).write_bytes(b"")
    before = list(files_below(result))
    make_crate(errand_of(result), str(apart), silent)
    assert list(files_below(result)) == before
    assert broken(told_by(apart)) == []
    alone = prove_crate(apart, None, silent)
    assert alone.whole
    assert sorted(alone.unproved) == before
    assert prove_crate(apart, result, silent).whole
    (result / "one.txt").write_bytes(b"x")
    (result / ODD).unlink()
    (result / "new").touch()
    found = {(each.path, each.kind) for each in prove_crate(apart, result, silent).faults}
    assert found == {
        ("one.txt", FaultKind.CHANGED),
        (ODD, FaultKind.MISSING),
        ("new", FaultKind.ADDED),
    }
