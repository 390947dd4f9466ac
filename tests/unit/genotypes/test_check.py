"""The checks: proposals for damaged files, one rule each, and whatever bytes come."""

import asyncio
import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.finding import CheckReport, Severity
from app.domain.progress import Progress
from app.domain.service import Limits
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.check import CheckOptions, check_files
from app.genotypes.figures import load_figures
from app.genotypes.worker import run_in_process
from tests.helpers.binding_rights import binding_rights
from tests.helpers.shared import shared_folder
from tests.unit.genotypes.vcf_text import columns, good, names, record, vcf

SERVICE = CheckOptions(for_service=True)

# Where the program says something else than the proposal beside the files, and why.
ARGUED = {
    "unsorted.vcf.gz": "order.unsorted",  # the proposal leaves "sort or refuse" open; services refuse
    "chrX_mixed_missing.vcf.gz": "genotype.half_calls_x",  # the server aborts: 1 of 6 calls is a half call
    "four_chromosomes.vcf.gz": "line.columns",  # the last line has five columns too few
}

# The proposal is a warning; the reader takes them as they are, and nothing is lost.
READ_WELL = frozenset({"plink_bed_sample_major/x.bed", "plink_fam_spaces_5cols/x.bed"})


def made_files(folder: str) -> list[tuple[Path, str]]:
    root = shared_folder()
    if root is None:
        return []
    place = root / "data" / "broken" / folder
    with (place / "EXPECTED.tsv").open() as table:
        return [(place / row["file"], row["expected"]) for row in csv.DictReader(table, delimiter="\t")]


@pytest.mark.parametrize(
    ("path", "expected"),
    made_files("made") + made_files("imputationserver"),
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_damaged_files_as_proposed(path: Path, expected: str) -> None:
    report = check_files([path])
    verdict = "reject" if not report.accepted else "warn" if report.count(Severity.WARNING) else "accept"
    name = f"{path.parent.name}/{path.name}" if path.suffix == ".bed" else path.name
    if name in ARGUED:
        assert verdict == "reject"
        assert ARGUED[name] in codes(report)
    elif expected == "accept" or name in READ_WELL:
        assert report.accepted
    else:
        assert verdict == expected


def validator_files() -> list[Path]:
    root = shared_folder()
    return [] if root is None else sorted((root / "data/broken/vcf-validator-v4.2").rglob("*.vcf"))


def test_files_of_the_validator_do_not_crash() -> None:
    for path in validator_files():
        assert check_files([path]).files is not None


def codes(report: CheckReport) -> set[str]:
    return {finding.code for finding in report.findings}


def check(tmp_path: Path, text: bytes, options: CheckOptions = SERVICE) -> CheckReport:
    path = tmp_path / "chr20.vcf.gz"
    with BgzfWriter(path) as writer:
        writer.write(text)
    return check_files([path], options)


def test_a_good_file_is_accepted(tmp_path: Path) -> None:
    report = check(
        tmp_path, good(40, 200), CheckOptions(for_service=True, sample_call_rate=0.5, build="hg19")
    )
    assert (report.accepted, report.stage, report.error) == (True, "ok", None)
    assert (report.samples, report.snps, report.chromosomes, report.phased) == (40, 200, ("20",), False)
    assert report.build.value == "GRCh37"
    facts = report.files[0]
    assert (facts.compression, facts.vcf_version, facts.sorted) == ("bgzf", "4.2", True)
    assert facts.call_rate == pytest.approx(0.75)
    assert facts.sha256 is not None


CALLS = ["0/0", "0/1", "1/1"]


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([record(2, CALLS), record(1, CALLS)], "order.unsorted"),
        ([record(1, CALLS, ref="G")], "allele.same"),
        ([record(1, CALLS, alt="T,G")], "allele.multiallelic"),
        ([record(1, CALLS), record(1, CALLS)], "site.duplicate"),
        ([record(1, CALLS), record(1, CALLS, ref="G", alt="A")], "site.same_position"),
        ([record(1, CALLS, filters="q10")], "site.filtered"),
        ([record(1, ["0/0", "0/0", "./."])], "site.monomorphic"),
        ([record(1, CALLS, keys="DS")], "genotype.missing"),
        ([record(1, ["0/0:1", "0/1:1", "1/1:1"], keys="GT:HDS")], "content.imputed"),
        ([record(1, ["0/3", "0/1", "1/1"])], "genotype.allele_index"),
        ([record(1, ["0/0", "0|1", "1/1"])], "genotype.mixed_phase"),
        ([record(1, ["0", "1", "1"])], "genotype.haploid"),
        ([record(1, CALLS, chromosome="Y"), record(2, CALLS)], "chromosome.several"),
        ([record(1, CALLS, chromosome="HLA")], "chromosome.unknown"),
        ([record(1, CALLS), record(2, CALLS, chromosome="2"), record(3, CALLS)], "order.not_contiguous"),
        ([record(70_000_000, CALLS)], "position.beyond_end"),
    ],
)
def test_each_rule(tmp_path: Path, records: list[str], code: str) -> None:
    assert code in codes(check(tmp_path, vcf(records, names(3))))


@pytest.mark.parametrize(("people", "said"), [(3, False), (10, True)])
def test_a_few_people_show_no_call_rate_of_a_site(tmp_path: Path, people: int, said: bool) -> None:
    calls = ["0/1", "./.", "./.", *["0/0"] * 7][:people]
    found = codes(check(tmp_path, vcf([record(1, calls)], names(people))))
    assert ("site.call_rate" in found) is said


@pytest.mark.parametrize(
    ("sample_names", "code"),
    [
        (["a", "a", "b"], "sample.duplicate"),
        (["POS", "a", "b"], "sample.duplicate"),
        (["a b", "c", "d"], "sample.risky_name"),
        (["", "c", "d"], "sample.blank"),
    ],
)
def test_sample_names(tmp_path: Path, sample_names: list[str], code: str) -> None:
    assert code in codes(check(tmp_path, vcf([record(1, CALLS)], sample_names)))


def test_limits_of_the_service(tmp_path: Path) -> None:
    low = CheckOptions(limits=Limits(min_samples=20, chromosomes=("1", "2")))
    high = CheckOptions(limits=Limits(max_samples=2, max_vcf_version="4.1"), for_service=True)
    text = vcf([record(1, CALLS)], names(3))
    assert {"sample.too_few", "chromosome.not_offered"} <= codes(check(tmp_path, text, low))
    assert {"sample.too_many", "header.version_too_new"} <= codes(check(tmp_path, text, high))
    assert "genotype.unphased" in codes(check(tmp_path, text, CheckOptions(phasing=False)))


def test_prefix_against_the_build(tmp_path: Path) -> None:
    text = vcf([record(1, CALLS)], names(3))
    report = check(tmp_path, text, CheckOptions(for_service=True, build="hg38"))
    assert "chromosome.prefix" in codes(report)
    assert not report.accepted
    report = check(tmp_path, text, CheckOptions(for_service=True, build="hg19"))
    assert "chromosome.prefix" not in codes(report)


def test_too_dense(tmp_path: Path) -> None:
    text = vcf([record(n, ["0/1"]) for n in range(1, 200)], ["S"])
    assert "site.dense" in codes(check(tmp_path, text, CheckOptions(variants_per_10_mb=100)))


def test_files_together(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first, second, third = tmp_path / "a.vcf", tmp_path / "b" / "a.vcf", tmp_path / "c.vcf"
    first.write_bytes(good())
    second.write_bytes(good(5))
    third.write_bytes(good(chromosome="chr21").replace(b"S0\tS1", b"S1\tS0"))
    found = codes(check_files([first, second, third]))
    assert {"files.same_name", "files.same_chromosome", "files.samples_differ"} <= found
    assert {"files.sample_order", "files.mixed_prefix"} <= found


def test_what_it_is_instead(tmp_path: Path) -> None:
    things = {
        "html": b"<!DOCTYPE html><html>",
        "csv": b"sample,age,sex\n1,2,3\n",
        "image": b"\x89PNG\r\n",
        "empty": b"",
        "text": b"Dear colleague\n",
        "tar": bytes(257) + b"ustar",
    }
    for code, data in things.items():
        path = tmp_path / f"{code}.vcf.gz"
        path.write_bytes(data)
        report = check_files([path])
        assert codes(report) == {f"content.{code}"}, code
        assert [(each.format, each.size) for each in report.files] == [(code, len(data))]
    assert codes(check_files([tmp_path, tmp_path / "absent.vcf"])) == {"content.directory", "content.missing"}
    assert codes(check_files([])) == {"files.none"}


def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(good())
    path.chmod(0)
    with binding_rights():
        assert codes(check_files([path])) == {"content.unreadable"}


def test_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(good())
    seen: list[Progress] = []
    report = asyncio.run(run_in_process(check_files, [str(path)], SERVICE, report=seen.append))
    assert report == check_files([str(path)], SERVICE)
    assert seen[-1].counts["variants"] == 20


HEAD = columns(names(4)).encode()


@given(st.binary(max_size=400), st.booleans())
@settings(max_examples=60, deadline=None)
def test_random_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes, after_header: bool) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "a.vcf"
    path.write_bytes(b"##fileformat=VCFv4.2\n" + HEAD + data if after_header else data)
    check_files([path])


@given(st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.large_base_example])
def test_random_cuts_and_edits(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    text = bytearray(good())
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        length = data.draw(st.integers(0, 6))
        text[place : place + length] = data.draw(
            st.sampled_from([b"", b"\t", b"\n", b"#", b"0", b"\xff", b"-"])
        )
    packed = data.draw(st.sampled_from(["plain", "gzip", "bgzf"]))
    path = tmp_path_factory.mktemp("fuzz") / "a.vcf.gz"
    if packed == "bgzf":
        with BgzfWriter(path) as writer:
            writer.write(text)
    else:
        path.write_bytes(text if packed == "plain" else gzip.compress(text))
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del whole[data.draw(st.integers(0, len(whole))) :]
    if whole and data.draw(st.booleans()):
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    report = check_files([path])
    assert report.accepted == (report.count(Severity.SEVERE) == 0)


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (b"", "The file is empty"),
        (gzip.compress(b"", mtime=0), "The file is empty"),
        (b"\x6c\x1b\x01\x00", "There is no .bim and no .fam beside a.vcf.gz"),
        (b"%PDF-1.4", "This is a PDF document, not a VCF file"),
    ],
)
def test_what_a_file_is_stands_in_its_title(tmp_path: Path, content: bytes, title: str) -> None:
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(content)
    report = check_files([path])
    assert [f.title for f in report.findings if f.severity is Severity.SEVERE] == [title]
    assert title in (report.error or "")


def test_a_cut_header_is_told_once_and_with_the_end_of_the_file(tmp_path: Path) -> None:
    whole = tmp_path / "whole.vcf.gz"
    with BgzfWriter(whole) as out:
        out.write(b"##fileformat=VCFv4.2\n" * 100)
    path = tmp_path / "cut.vcf.gz"
    path.write_bytes(whole.read_bytes()[:60])
    report = check_files([path])
    assert codes(report) == {"container.truncated"}
    assert report.findings[0].where == "byte 60"


def test_blanks_for_tabs_are_told_once(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    head = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT A"
    path.write_text(f"##fileformat=VCFv4.2\n{head}\n1 5 . A G . PASS . GT 0/1\n1 6 . A G . PASS . GT 0/1\n")
    found = [f for f in check_files([path]).findings if "blanks" in f.code]
    assert [(f.code, f.count, f.where) for f in found] == [("header.blanks", 3, "line 3, line 4")]


def test_chromosomes_stand_in_natural_order(tmp_path: Path) -> None:
    paths = []
    for name in ("X", "10", "2"):
        paths.append(tmp_path / f"chr{name}.vcf")
        paths[-1].write_bytes(vcf([record(5, ["0/0"], chromosome=name)], names(1)))
    report = check_files(paths)
    assert report.chromosomes == ("2", "10", "X")
    alone = check_files(paths[:1])
    assert "None of the known positions was met." in alone.build.evidence


def cohorts_of_two(tmp_path: Path, chromosomes: tuple[str, ...] = ("20", "21")) -> list[Path]:
    """Two folders with files of the same names: five people in the one, three others in the other."""
    paths = []
    for folder, people in (("a", 5), ("b", 3)):
        (tmp_path / folder).mkdir()
        for chromosome in chromosomes:
            path = tmp_path / folder / f"chr{chromosome}.vcf"
            text = good(people, chromosome=chromosome).decode()
            path.write_text(text.replace("\tS", f"\t{folder}S"))
            paths.append(path)
    return paths


def test_files_of_different_people_are_groups(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    report = check_files(cohorts_of_two(tmp_path), CheckOptions(), folder=folder)
    found = {finding.code: finding for finding in report.findings}
    assert not {"files.same_name", "files.same_chromosome", "files.samples_differ"} & found.keys()
    groups = found["files.groups"]
    assert (groups.severity, groups.count, groups.where) == (Severity.INFO, 2, "a (5), b (3)")
    assert report.accepted
    assert report.samples == 8
    figures = load_figures(folder / report.figures)
    assert figures.samples.tolist() == [*(f"aS{n}" for n in range(5)), *(f"bS{n}" for n in range(3))]
    assert figures.chunk_call_rate.shape == (2, 8)
    assert report.cohort is not None
    assert report.cohort.call_rate == pytest.approx(0.75)


def test_one_job_of_a_service_takes_one_group(tmp_path: Path) -> None:
    report = check_files(cohorts_of_two(tmp_path), SERVICE)
    assert {f.code: f.severity for f in report.findings}["files.groups"] is Severity.SEVERE


def test_a_chromosome_twice_in_one_group_is_named_with_its_folder(tmp_path: Path) -> None:
    paths = cohorts_of_two(tmp_path)
    (tmp_path / "a" / "again").mkdir()
    again = tmp_path / "a" / "again" / "chr20.vcf"
    again.write_bytes(paths[0].read_bytes())
    found = {f.code: f for f in check_files([*paths, again]).findings}
    assert found["files.same_chromosome"].where == "a/chr20.vcf, again/chr20.vcf"
    assert found["files.same_name"].where == "a/chr20.vcf, again/chr20.vcf"
    assert found["files.same_name"].title == "2 files have the same name (a)"
    assert found["files.groups"].count == 2
