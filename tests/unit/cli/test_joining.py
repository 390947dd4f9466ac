"""`results compare`, `meta`, `consensus` and `merge` answer as the contract says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.job import JobState
from app.operations.add_dataset import add_dataset
from app.operations.residency import state_residency
from tests.helpers.command_line import Cli, FakeProgram
from tests.helpers.direct_work import work_directly
from tests.helpers.fake_family import write_vcf
from tests.unit.results.merging.made_results import Made, made_results


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the work here: starting a process takes seconds."""
    work_directly(monkeypatch)


def _folders(made: list[Made], folder: Path) -> list[str]:
    return [str(each.write(folder / f"result{k}")) for k, each in enumerate(made)]


def _truth(made: Made, path: Path) -> Path:
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"]
    lines[1] += "\t".join(made.samples)
    for i, position in enumerate(made.position.tolist()):
        calls = "\t".join(f"{a}|{b}" for a, b in made.alleles[i])
        lines.append(f"20\t{position}\t.\t{'ACGT'[i % 4]}\t{'CGTA'[i % 4]}\t.\t.\t.\tGT\t{calls}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_meta_then_compare_with_truth(cli: Cli, tmp_path: Path) -> None:
    made = made_results(2, variants=120, people=20)
    folders = _folders(made, tmp_path)
    joined = cli("--json", "results", "meta", *folders, "--out", str(tmp_path / "joined"))
    assert joined.code == 0, joined
    assert joined.data["results"] == ["result0", "result1"]
    assert joined.data["chromosomes"][0]["dose"] == "chr20.dose.vcf.gz"
    truth = _truth(made[0], tmp_path / "truth.vcf")
    best = str(tmp_path / "joined")
    told = cli("--json", "results", "compare", *folders, best, "--truth", str(truth))
    assert told.code == 0
    assert told.data["ranking"][0] == best
    assert [each["dir"] for each in told.data["results"]] == [*folders, best]
    first = told.data["results"][0]["by_maf"][-1]
    assert set(first) == {"maf_from", "maf_to", "sites", "r2", "nonref_concordance", "iqs"}
    text = cli("results", "compare", *folders, best, "--truth", str(truth))
    assert "Ranked by truth" in text.out
    assert "0.2–0.5" in text.out


def test_compare_without_truth_ranks_by_estimate(cli: Cli, tmp_path: Path) -> None:
    folders = _folders(made_results(2), tmp_path)
    told = cli("--json", "results", "compare", *folders)
    assert told.data["ranked_by"] == "estimated R2"
    assert all(each["by_maf"] == [] for each in told.data["results"])
    assert "Ranked by estimated R2" in cli("results", "compare", *folders).out


def test_compare_tells_of_exchanged_alleles_and_no_way_joins_other_builds(cli: Cli, tmp_path: Path) -> None:
    made = made_results(2)
    turned = _folders([made[0], replace(made[1], turned=frozenset({3}))], tmp_path)
    assert cli("--json", "results", "compare", *turned).data["findings"][0]["count"] == 1
    assert "1 site has REF and ALT exchanged (such as 20:" in cli("results", "compare", *turned).out
    lengths = zip(made, (63_025_520, 64_444_167), ("hg19", "hg38"), strict=True)
    other = [str(replace(each, bases=bases).write(tmp_path / name)) for each, bases, name in lengths]
    out = tmp_path / "joined"
    for command in (("compare",), ("meta", "--out", str(out)), ("consensus", "--out", str(out))):
        refused = cli("results", command[0], *other, *command[1:])
        assert refused.code != 0
        assert "of different genome builds" in refused.err
    assert not out.exists()


def test_consensus_and_merge(cli: Cli, tmp_path: Path) -> None:
    made = made_results(2, people=20)
    folders = _folders(made, tmp_path)
    out = tmp_path / "best"
    best = cli("results", "consensus", *folders, "--out", str(out))
    assert best.code == 0
    assert sorted(path.name for path in out.iterdir())[-1] == "consensus.json"
    batches = tmp_path / "batches"
    batches.mkdir()
    some = [made[0].people(range(8)).without([3]), made[0].people(range(8, 20))]
    parts = _folders(some, batches)
    merged = cli("results", "merge", *parts, "--out", str(tmp_path / "whole"))
    assert merged.code == 0
    assert "1 variants that not every batch has were left out" in merged.out
    union = cli("--json", "results", "merge", *parts, "--union", "--out", str(tmp_path / "union"))
    assert union.data["chromosomes"][0]["variants"] == 60
    assert union.data["samples"] == [8, 12]


def test_another_phasing_is_a_problem_and_leaves_nothing(cli: Cli, tmp_path: Path) -> None:
    made = made_results(2)
    folders = _folders([made[0], made[1].exchanged(2, first=30)], tmp_path)
    out = tmp_path / "joined"
    refused = cli("results", "meta", *folders, "--out", str(out))
    assert refused.code == 3
    assert "phased apart" in refused.err
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_a_problem_of_the_disk(cli: Cli, tmp_path: Path) -> None:
    folders = _folders(made_results(2), tmp_path)
    (tmp_path / "file").write_text("mine")
    for command in ("meta", "consensus"):
        refused = cli("--json", "results", command, *folders, "--out", str(tmp_path / "file" / "out"))
        assert refused.code == 3
        assert refused.data["problem"]["kind"] == "disk"
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_is_none_is_looked_for_among_jobs(cli: Cli, tmp_path: Path) -> None:
    (folder, _) = _folders(made_results(2), tmp_path)
    refused = cli("results", "compare", folder, str(tmp_path / "nowhere"))
    assert refused.code == 3
    assert "nowhere" in refused.err


def test_the_fetched_result_of_a_job_is_compared_with_its_time(
    with_service: Cli, program: FakeProgram, tmp_path: Path
) -> None:
    made = made_results(2)
    (mine, elsewhere) = _folders(made, tmp_path)
    accepted = ("--option", "population=eur", "--option", "check1=accepted", "--no-check")
    file = write_vcf(tmp_path)
    sent = with_service("submit", file, "--service", "Fake", "--panel", "apps@one", *accepted, "--json")
    job = sent.data["job"]["id"]
    program.family.content = {path.name: path.read_bytes() for path in Path(mine).glob("*.vcf.gz")}
    program.family.set_state("job-1", JobState.SUCCESS, 4)
    program.family.give_files("job-1")
    assert with_service("results", "fetch", job, "--to", str(tmp_path / "fetched")).code == 0
    told = with_service("results", "compare", job, elsewhere, "--json")
    assert told.code == 0
    first, second = told.data["results"]
    assert first["dir"] == str(tmp_path / "fetched")
    assert first["name"] == with_service("jobs", "show", job, "--json").data["jobs"][0]["name"]
    assert second["seconds"] is None
    assert told.data["shared"] == 60


RULE = "haplodesk-only-to.txt"


def test_what_is_kept_and_joined_of_a_result_under_a_rule_is_under_it(cli: Cli, tmp_path: Path) -> None:
    """No data folder is made for that, and none is needed."""
    ruled = tmp_path / "ruled"
    ruled.mkdir()
    (ruled / RULE).write_text("EU, ZA")
    folders = _folders(made_results(2, people=20), ruled)
    for number, words in enumerate((["filter", folders[0]], ["consensus", *folders], ["meta", *folders])):
        out = tmp_path / f"out{number}"
        assert cli("results", *words, "--out", str(out)).code == 0
        assert "EU, ZA, this computer" in (out / RULE).read_text("utf-8")
    assert not (tmp_path / "home").exists()
    wider = tmp_path / "wider"
    wider.mkdir()
    (wider / RULE).write_text("EU, US")
    assert cli("results", "filter", folders[0], "--out", str(wider)).code == 3
    assert [each.name for each in wider.iterdir()] == [RULE]


def test_a_rule_that_the_data_folder_remembers_of_a_result_is_kept(
    cli: Cli, program: FakeProgram, tmp_path: Path
) -> None:
    (folder,) = _folders(made_results(1, people=20), tmp_path)
    copy = tmp_path / "copy.vcf.gz"
    copy.write_bytes(next(Path(folder).glob("*.dose.vcf.gz")).read_bytes())
    desk = program.open_desk(program.folder)
    changes = asyncio.run(add_dataset(desk, (copy,)))
    asyncio.run(state_residency(desk, changes.ids(Noun.DATASET)[0], "EU"))
    program.close_desk(desk)
    out = tmp_path / "out"
    assert cli("results", "filter", folder, "--out", str(out)).code == 0
    assert "EU, this computer" in (out / RULE).read_text("utf-8")
