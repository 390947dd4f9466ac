"""`repair`: shapes, exit codes, plans that write nothing, and how little it loads."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.repair import RepairedFile
from app.domain.residency import NOWHERE, Residency, residency_of
from app.genotypes.bgzf import read_lines
from app.operations.add_dataset import add_dataset, data_files, remove_dataset
from app.operations.residency import rule_for, state_residency
from tests.helpers.command_line import Cli, FakeProgram
from tests.helpers.shared import shared_data
from tests.helpers.small_study import Study, make_study, vcf_text

KEYS = {
    "applied",
    "unresolved",
    "files",
    "lost",
    "ledger",
    "site_log",
    "sample_map",
    "ready",
    "verdict",
    "refused",
}
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
FLIPS = 25


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A VCF with sites on the other strand, and a server's parameters and folder of panels."""
    study = make_study(5, samples=24, sites=150, build="GRCh37")
    upload = tmp_path / "cohort.vcf"
    upload.write_text(flipped(vcf_text(study)))
    return upload, *server(tmp_path, study)


def flipped(text: str) -> str:
    lines, left = text.splitlines(), FLIPS
    for at, line in enumerate(lines):
        if not line.startswith("#") and left:
            words = line.split("\t")
            words[3:5] = [word.translate(_COMPLEMENT) for word in words[3:5]]
            lines[at], left = "\t".join(words), left - 1
    return "\n".join(lines) + "\n"


def server(folder: Path, study: Study) -> tuple[Path, Path]:
    panels = folder / "panels"
    (panels / "sites").mkdir(parents=True)
    rows = [f"{s.id}\t22\t{s.position}\t{s.ref}\t{s.alt}\t0.4" for s in study.sites]
    (panels / "sites" / "p.chr22.txt").write_text(
        "\n".join(["ID\tCHROM\tPOS\tREF\tALT\tAAF_EUR", *rows]) + "\n"
    )
    about = {"id": "p", "build": "hg19", "sites": "sites/p.chr$chr.txt", "qcFilter": {"strandFlips": 10}}
    (panels / "p.panel.json").write_text(json.dumps(about | {"populations": [{"id": "off", "samples": -1}]}))
    params = folder / "params.json"
    params.write_text(json.dumps({"panel": "p", "build": "hg19", "population": "off", "min_samples": 20}))
    return params, panels


def test_it_is_mended_for_a_server(cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path]) -> None:
    upload, params, panels = files
    out = tmp_path / "out"
    answer = cli("repair", upload, "--out", out, "--server-params", params, "--panel-dir", panels, "--json")
    assert answer.code == 0, answer.out
    assert set(answer.data) == KEYS
    assert answer.data["ready"] is True
    assert {"code": "flip", "sites": FLIPS, "samples": 0} in answer.data["applied"]
    assert answer.data["ledger"]["adds_up"] is True
    lost = answer.data["lost"]
    assert lost["sites"] == sum(each["sites"] for each in lost["by_reason"].values())
    (written,) = answer.data["files"]
    assert Path(written["path"]) == out / "chr22.vcf.gz"
    assert (out / "chr22.vcf.gz.tbi").exists()
    assert sum(not line.startswith(b"#") for line in read_lines(written["path"])) == written["sites"]


def test_a_plan_writes_nothing(cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path]) -> None:
    upload, params, panels = files
    arguments = ("repair", upload, "--out", tmp_path / "out", "--server-params", params)
    answer = cli(*arguments, "--panel-dir", panels, "--plan", "--json")
    assert answer.code == 0
    steps = {step["code"]: step for step in answer.data["steps"]}
    assert steps["flip"]["sites"] == FLIPS
    assert answer.data["refused"] is None
    assert not (tmp_path / "out").exists()
    assert "flip" in cli(*arguments, "--panel-dir", panels, "--plan").out


def test_only_some_repairs_leave_it_refused(cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path]) -> None:
    upload, params, panels = files
    arguments = ("--out", tmp_path / "out", "--server-params", params, "--panel-dir", panels)
    answer = cli("repair", upload, *arguments, "--only", "drop_duplicates,sort", "--json")
    assert answer.code == 1
    assert answer.data["ready"] is False
    assert "flip" not in {each["code"] for each in answer.data["applied"]}


def test_files_that_are_there_are_not_overwritten(
    cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path]
) -> None:
    upload = files[0]
    (tmp_path / "chr22.vcf.gz").write_bytes(b"mine")
    answer = cli("repair", upload, "--out", tmp_path, "--json")
    assert answer.code == 3
    assert answer.data["problem"]["title"] == "A file is there already"
    assert (tmp_path / "chr22.vcf.gz").read_bytes() == b"mine"
    assert not (tmp_path / "site-log.tsv.gz").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--only", "polish"),
        ("--panel", "p"),
        ("--server-params", "p.json"),
        ("--build", "hg20"),
        ("--files-build", "hg20"),
    ],
)
def test_wrong_usage(
    cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path], wrong: tuple[str, str]
) -> None:
    assert cli("repair", files[0], "--out", tmp_path / "out", *wrong).code == 2


@pytest.mark.parametrize("option", ["--drop-samples", "--chain"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00name"])
def test_an_option_that_names_no_such_file_is_a_problem(
    cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path], option: str, content: bytes | None
) -> None:
    named = tmp_path / "named"
    if content is not None:
        named.write_bytes(content)
    answer = cli("repair", files[0], "--out", tmp_path / "out", option, named, "--json")
    assert answer.code == 3
    assert answer.data["problem"]["kind"] != "bug"
    assert "named" in answer.data["problem"]["what_happened"]
    assert not (tmp_path / "out").exists()


def test_what_is_no_genotype_file_is_a_problem(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz"
    path.write_text("hello")
    answer = cli("repair", path, "--out", tmp_path / "out", "--json")
    assert answer.code == 3
    assert answer.data["problem"]["subject"] == "a.vcf.gz"
    assert not (tmp_path / "out").exists()


def test_neither_a_store_nor_qt_is_loaded(tmp_path: Path, files: tuple[Path, Path, Path]) -> None:
    arguments = ["repair", str(files[0]), "--out", str(tmp_path / "out"), "--plan", "--quiet"]
    code = (
        f"import sys; from app.__main__ import main; code = main({arguments!r}); assert code == 0, code; "
        "print([m for m in ('PySide6', 'sqlalchemy', 'keyring', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("stated", "code"), [((), 1), (("--build", "hg19"), 0)])
def test_a_refusal_is_told_and_ends_with_1(
    cli: Cli, tmp_path: Path, stated: tuple[str, ...], code: int
) -> None:
    """Invented sites without contig lines, few of them in the list: nothing tells the build."""
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n"
    places = [17_000_001 + 3511 * at for at in range(200)]
    rows = "".join(f"22\t{place}\t.\tT\tC\t.\t.\t.\tGT\t0/1\t0/0\n" for place in places)
    (tmp_path / "odd.vcf").write_text(head + rows)
    listed = "".join(f"22\t{place}\t.\tA\tG\t.\t.\t.\n" for place in places[:20])
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (tmp_path / "sites.vcf").write_text("##fileformat=VCFv4.2\n" + columns + listed)
    asked = ("repair", tmp_path / "odd.vcf", "--sites", tmp_path / "sites.vcf", *stated)
    answer = cli(*asked, "--out", tmp_path / "out", "--json")
    assert answer.code == code, answer.out
    assert bool(answer.data["refused"]) == bool(code)
    assert [each["code"] for each in answer.data["unresolved"]] == ["build_uncertain"] * code
    assert (tmp_path / "out" / "chr22.vcf.gz").is_file()
    assert ("not possible" in cli(*asked, "--out", tmp_path / "second").out) == bool(code)


def test_files_of_a_stated_build_are_lifted(cli: Cli, tmp_path: Path) -> None:
    """Invented sites at one place of hg38, which the chain file leads to another place of hg19."""
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n"
    places = [17_000_001 + 3511 * at for at in range(200)]
    rows = "".join(f"22\t{place}\t.\tT\tC\t.\t.\t.\tGT\t0/1\t0/0\n" for place in places)
    (tmp_path / "odd.vcf").write_text(head + rows)
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    listed = "".join(f"22\t{place + 1000}\t.\tT\tC\t.\t.\t.\n" for place in places)
    (tmp_path / "sites.vcf").write_text("##fileformat=VCFv4.2\n" + columns + listed)
    ends = "chr22 50818468 + 16000000 20000000 chr22 51304566 + 16001000 20001000"
    (tmp_path / "a.chain").write_text(f"chain 1000 {ends} 1\n4000000\n\n")
    asked = ("repair", tmp_path / "odd.vcf", "--sites", tmp_path / "sites.vcf", "--build", "hg19", "--plan")
    lift = (*asked, "--chain", tmp_path / "a.chain", "--out", tmp_path / "out", "--json")
    assert "State the build" in cli(*lift).data["refused"]
    plan = cli(*lift, "--files-build", "hg38").data
    assert plan["refused"] is None
    assert {each["code"]: each["sites"] for each in plan["steps"]}["liftover"] == 200


def test_groups_of_people_are_mended_each_in_its_folder(
    cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path]
) -> None:
    upload, params, panels = files
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        text = upload.read_text()
        for person in make_study(5, samples=24, sites=150, build="GRCh37").samples:
            text = text.replace(person, f"{name}{person}")
        (tmp_path / "in" / name / "cohort.vcf").write_text(text)
    out, inputs = tmp_path / "out", [tmp_path / "in" / "a", tmp_path / "in" / "b"]
    target = ("--out", out, "--server-params", params, "--panel-dir", panels)
    plan = cli("repair", *inputs, *target, "--plan", "--json").data
    assert [each["group"] for each in plan["groups"]] == ["a", "b"]
    answer = cli("repair", *inputs, *target, "--json")
    assert answer.code == 0, answer.out
    assert set(answer.data) == KEYS | {"groups"}
    assert {"code": "flip", "sites": 2 * FLIPS, "samples": 0} in answer.data["applied"]
    assert [Path(each["path"]) for each in answer.data["files"]] == [out / n / "chr22.vcf.gz" for n in "ab"]
    for each in answer.data["groups"]:
        assert set(each) == KEYS | {"group"}
        assert each["ready"] is True
        assert each["ledger"]["adds_up"] is True
        assert Path(each["site_log"]).parent == out / each["group"]
    words = cli("repair", *inputs, "--out", tmp_path / "again", *target[2:]).out
    assert "All groups of people together" in words
    assert str(tmp_path / "again" / "b" / "chr22.vcf.gz") in words


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_a_folder_whose_name_is_no_text_is_told(
    cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path]
) -> None:
    out = tmp_path / "caf\udce9"
    answer = cli("repair", files[0], "--out", out, "--json")
    assert answer.code == 0, answer.out
    (written,) = answer.data["files"]
    assert written["path"].startswith("not-utf-8:")
    assert RepairedFile.model_validate(written).path == str(out / "chr22.vcf.gz")
    assert (out / "chr22.vcf.gz").exists()


def test_a_reference_genome_must_be_one(cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path]) -> None:
    fasta = tmp_path / "genome.fa"
    fasta.write_text("no sequence\n")
    answer = cli("repair", files[0], "--out", tmp_path / "out", "--reference", fasta)
    assert answer.code != 0
    assert "reference sequence cannot be used" in answer.out + answer.err
    assert not (tmp_path / "out").exists()


def test_a_genome_of_the_build_is_used(cli: Cli, tmp_path: Path) -> None:
    fasta = shared_data("reference", "GRCh37.chr20.fa.gz")
    bed = shared_data("gwas", "eur379_chr20_b37", "eur379_chr20.bed")
    plan = cli("repair", bed, "--out", tmp_path / "out", "--reference", fasta, "--plan", "--json").data
    assert "columns of alleles were probably exchanged" in plan["refused"]


RULE = "haplodesk-only-to.txt"


def test_what_is_made_of_files_under_a_rule_is_under_it(
    cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path]
) -> None:
    """By the file of the folder, also where no data folder is."""
    upload = tmp_path / "ruled" / "deep" / "cohort.vcf"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(files[0].read_bytes())
    (tmp_path / "ruled" / RULE).write_text("EU, ZA")
    out = tmp_path / "out"
    assert cli("repair", upload, "--out", out).code in (0, 1)
    assert "EU, ZA, this computer" in (out / RULE).read_text("utf-8")
    target = tmp_path / "made" / "cohort.bcf"
    target.parent.mkdir()
    assert cli("convert", upload, target).code == 0
    assert "EU, ZA, this computer" in (target.parent / RULE).read_text("utf-8")
    assert not (tmp_path / "home").exists()
    inside = tmp_path / "ruled" / "out"
    assert cli("repair", upload, "--out", inside).code in (0, 1)
    assert not (inside / RULE).exists(), "it is under the rule of the folder above"


def test_a_folder_that_allows_more_is_not_written_into(
    cli: Cli, tmp_path: Path, files: tuple[Path, Path, Path]
) -> None:
    (tmp_path / RULE).write_text("EU")
    out = tmp_path.parent / f"{tmp_path.name}-out"
    out.mkdir()
    (out / RULE).write_text("EU, US")
    answer = cli("repair", files[0], "--out", out, "--json")
    assert answer.code == 3
    assert answer.problem["kind"] == "refused"
    assert [each.name for each in out.iterdir()] == [RULE]
    assert (out / RULE).read_text("utf-8") == "EU, US"
    (out / RULE).write_text("DE")
    assert cli("repair", files[0], "--out", out).code in (0, 1)
    assert (out / RULE).read_text("utf-8") == "DE", "it allows less than the rule"


def test_a_rule_that_the_data_folder_remembers_is_kept(
    cli: Cli, program: FakeProgram, tmp_path: Path, files: tuple[Path, Path, Path]
) -> None:
    """Stated of a copy that is elsewhere; and once more of the source, when its child is made already."""

    def stated(text: str) -> None:
        desk = program.open_desk(program.folder)
        changes = asyncio.run(add_dataset(desk, (copy,)))
        asyncio.run(state_residency(desk, changes.ids(Noun.DATASET)[0], text))
        asyncio.run(remove_dataset(desk, changes.ids(Noun.DATASET)[0]))
        program.close_desk(desk)

    def rule_of(path: Path) -> Residency | None:
        desk = program.open_desk(program.folder)
        try:
            return asyncio.run(rule_for(desk, None, data_files((path,))))
        finally:
            program.close_desk(desk)

    copy = tmp_path / "copy" / "other.vcf"
    copy.parent.mkdir()
    copy.write_bytes(files[0].read_bytes())
    stated("EU")
    out = tmp_path / "out"
    assert cli("repair", files[0], "--out", out).code in (0, 1)
    assert "EU" in (out / RULE).read_text("utf-8")
    (out / RULE).unlink()
    (made,) = (each for each in out.iterdir() if each.name.endswith(".vcf.gz"))
    assert rule_of(made) == residency_of("EU")
    stated("ZA")
    assert rule_of(made) == NOWHERE, "what is said of the source later counts too"
