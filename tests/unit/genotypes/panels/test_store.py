"""Site lists of every source are kept sorted and whole, and are read as they were written."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import Kind, ProblemError
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.panels import store
from app.genotypes.panels.store import PanelAbout, PanelList, build_panel, open_panel
from tests.helpers.shared import shared_data, shared_folder

ABOUT = PanelAbout("Test", "GRCh37")
HRC = """#CHROM\tPOS\tID\tREF\tALT\tAC\tAN\tAF\tAC_EXCLUDING_1000G\tAN_EXCLUDING_1000G\tAF_EXCLUDING_1000G\tAA
1\t13380\trs571093408\tC\tG\t5\t64940\t7.69941e-05\t0\t57970\t0\tC
1\t16071\trs541172944\tG\tA\t8\t64940\t0.000123191\t1\t57970\t1.72503e-05\tG
X\t60020\t.\tT\tA\t6494\t64940\t0.1\t1\t57970\t.\tT
"""


def written(folder: Path, name: str, text: str) -> Path:
    """A file of text, packed when its name says so."""
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def built(folder: Path, name: str, text: str, population: str = "") -> PanelList:
    """The list of one file."""
    about = PanelAbout("Test", "GRCh37", population)
    return build_panel([written(folder, name, text)], folder / "list", about)


def rows(found: PanelList, chromosome: str) -> list[tuple[int, str, str, float]]:
    """All rows of a chromosome; unknown frequencies are -1."""
    table = found.table(chromosome)
    assert table is not None
    share = np.nan_to_num(table.alt_frequency(np.arange(len(table))), nan=-1)
    return [(int(table.position[n]), *table.alleles(n), round(float(share[n]), 4)) for n in range(len(table))]


def test_hrc_sites(tmp_path: Path) -> None:
    found = built(tmp_path, "HRC.sites.tab.gz", HRC)
    assert found.about.chromosomes == ("1", "X")
    assert (found.about.sites, found.about.has_frequency, found.about.frequency) == (3, True, "AF")
    assert rows(found, "1") == [(13380, "C", "G", 0.0001), (16071, "G", "A", 0.0001)]
    assert rows(found, "X") == [(60020, "T", "A", 0.1)]
    table = found.table("1")
    assert table is not None
    assert table.rs is not None
    assert table.rs.tolist() == [571093408, 541172944]
    assert found.table("2") is None


def test_sites_of_an_imputation_server(tmp_path: Path) -> None:
    text = "ID\tCHROM\tPOS\tREF\tALT\tAAF_EUR\tAAF_ALL\nrs1\tchr20\t61795\tG\tT\t0.3\t0.25\n"
    text += ".\tchr20\t63231\tT\tG\t.\t.\n"
    found = built(tmp_path, "chr20.sites.gz", text)
    assert rows(found, "20") == [(61795, "G", "T", 0.25), (63231, "T", "G", -1)]
    chosen = build_panel([tmp_path / "chr20.sites.gz"], tmp_path / "eur", PanelAbout("Test", "GRCh38", "eur"))
    assert rows(chosen, "20")[0][3] == 0.3
    assert chosen.about.frequency == "AAF_EUR"
    with pytest.raises(ProblemError, match="none is for “AFR”"):
        built(tmp_path, "chr20.sites.gz", text, "AFR")


@pytest.mark.parametrize(
    "line", ["rs1\t20\t61795\tG\tT\t0.25", "20\t61795\trs1\tG\tT\t5\t20\t0.25", "20\t61795\tG\tT\t0.25"]
)
def test_lists_without_a_header(tmp_path: Path, line: str) -> None:
    found = built(tmp_path, "list.txt", line + "\n" + line.replace("61795", "61800") + "\n")
    assert [row[:3] for row in rows(found, "20")] == [(61795, "G", "T"), (61800, "G", "T")]


def test_legends_know_their_chromosome_by_name_or_identifier(tmp_path: Path) -> None:
    text = (
        "id position a0 a1 TYPE AFR ALL\nrs1:60479:C:T 60479 C T Biallelic_SNP 0.1 0.02\n"
        "22:60522:T:TC 60522 T TC Biallelic_INDEL 0 0.5\n"
    )
    first = written(tmp_path, "1000GP_Phase3_chr22.legend.gz", text)
    second = written(tmp_path, "other.legend", "id position a0 a1\n20:7:G:A 7 G A\nrs12 9 A AT\n")
    found = build_panel([first, second], tmp_path / "list", ABOUT)
    assert rows(found, "22") == [(60479, "C", "T", 0.02), (60522, "T", "TC", 0.5)]
    assert rows(found, "20") == [(7, "G", "A", -1), (9, "A", "AT", -1)]
    with pytest.raises(ProblemError, match="Give the file a name"):
        built(tmp_path, "nameless.legend", "id position a0 a1\nrs1 7 G A\n")


VCF = """##fileformat=VCFv4.2
##INFO=<ID=AC,Number=A,Type=Integer,Description="n">
##INFO=<ID=AN,Number=1,Type=Integer,Description="n">
##INFO=<ID=AF,Number=A,Type=Float,Description="f">
##INFO=<ID=EUR_AF,Number=A,Type=Float,Description="f">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
21\t100\trs5\tA\tG\t.\tPASS\tAC=1;AN=4;AF=0.25;EUR_AF=0.5
21\t101\trs6;rs7\tA\tC,ATT,T\t.\tPASS\tNAF=0.9;AF=0.1,0.2,.;EUR_AF=0.3,0.4,0.1
21\t102\t.\tG\tA\t.\tPASS\tDB
GL000191.1\t5\t.\tG\tA\t.\tPASS\tAF=0.5
"""


def test_vcf_gives_a_row_an_alt(tmp_path: Path) -> None:
    found = built(tmp_path, "panel.vcf", VCF)
    assert rows(found, "21") == [
        (100, "A", "G", 0.25),
        (101, "A", "C", 0.1),
        (101, "A", "ATT", 0.2),
        (101, "A", "T", -1),
        (102, "G", "A", -1),
    ]
    assert found.about.skipped == 1
    table = found.table("21")
    assert table is not None
    assert table.rs is not None
    assert table.rs.tolist() == [5, 6, 6, 6, 0]


def test_vcf_frequencies_of_a_population_or_by_counts(tmp_path: Path) -> None:
    assert [row[3] for row in rows(built(tmp_path, "a.vcf", VCF, "EUR"), "21")] == [0.5, 0.3, 0.4, 0.1, -1]
    counted = VCF.replace('##INFO=<ID=AF,Number=A,Type=Float,Description="f">\n', "")
    path = written(tmp_path, "b.vcf", counted)
    found = build_panel([path], tmp_path / "counted", ABOUT)
    assert rows(found, "21")[0] == (100, "A", "G", 0.25)


def test_vcf_with_samples_and_windows_line_ends(tmp_path: Path) -> None:
    head = "##fileformat=VCFv4.2\r\n" + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
    head += "\t".join(f"S{n}" for n in range(300)) + "\r\n"
    line = "chr3\t{}\trs{}\tC\tT\t.\tPASS\tAF=0.5\tGT" + "\t0|1" * 300 + "\r\n"
    found = built(tmp_path, "c.vcf.gz", head + "".join(line.format(n, n) for n in range(1, 3000)))
    assert found.about.sites == 2999
    assert rows(found, "3")[2998] == (2999, "C", "T", 0.5)


def test_unsorted_sources_are_sorted_and_equal_positions_keep_their_order(tmp_path: Path) -> None:
    lines = [
        "2\t50\t.\tA\tT",
        "1\t9\t.\tA\tC",
        "2\t10\t.\tA\tG",
        "2\t10\t.\tA\tAT",
        "2\t10\t.\tA\tC",
        "2\t3\t.\tAC\tA",
    ]
    found = built(tmp_path, "list.tsv", "#CHROM\tPOS\tID\tREF\tALT\n" + "\n".join(lines) + "\n")
    assert [row[:3] for row in rows(found, "2")] == [
        (3, "AC", "A"),
        (10, "A", "G"),
        (10, "A", "AT"),
        (10, "A", "C"),
        (50, "A", "T"),
    ]
    assert not found.about.has_frequency
    table = found.table("2")
    assert table is not None
    assert table.frequency is None
    assert table.rs is None


def test_files_of_one_chromosome_each_make_one_list(tmp_path: Path) -> None:
    head = "ID\tCHROM\tPOS\tREF\tALT\n"
    paths = [written(tmp_path, f"chr{n}.sites", f"{head}.\t{n}\t{n}\tA\tC\n") for n in (10, 2, 1)]
    found = build_panel(paths, tmp_path / "list", ABOUT)
    assert found.about.chromosomes == ("1", "2", "10")
    assert found.about.source == "chr10.sites, chr2.sites, chr1.sites"


def test_rs_numbers_are_found_on_any_chromosome(tmp_path: Path) -> None:
    lines = [f"{1 + n % 3}\t{100 + n}\trs{7 * n + 1}\tA\tC" for n in range(300)]
    found = built(tmp_path, "list.tsv", "#CHROM\tPOS\tID\tREF\tALT\n" + "\n".join(lines) + "\n")
    chromosome, position = found.by_rs(np.array([8, 1, 5, 8, 0, 7 * 299 + 1], np.uint32))
    assert chromosome.tolist() == [1, 0, -1, 1, -1, 2]
    assert position.tolist() == [101, 100, 0, 101, 0, 399]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1\tabc\trs1\tC\tG\t5\t10\t0.5", "line 5: “abc” is no position"),
        ("1\t0\trs1\tC\tG\t5\t10\t0.5", "line 5: “0” is no position"),
        ("1\t77\trs1\tC\tG\t5\t10\tx", "line 5: “x” is no frequency"),
        ("1\t77\trs1\tC\tG\t5\t10\t1.5", "line 5: 1.5 is no frequency"),
        ("1\t77\trs1\tC", "line 5: it has 4 columns, 8 are needed"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_leaves_nothing(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(ProblemError) as told:
        built(tmp_path, "HRC.tab", HRC + line + "\n")
    assert f"HRC.tab, {why}" in told.value.problem.what_happened
    assert [path.name for path in tmp_path.iterdir()] == ["HRC.tab"]


def test_what_is_no_site_list_is_refused(tmp_path: Path) -> None:
    for text in ("", "hello\n", "a\tb\tc\n1\t2\t3\n", "##only a comment\n"):
        with pytest.raises(ProblemError) as told:
            built(tmp_path, "x.txt", text)
        assert told.value.problem.kind is Kind.INPUT
    with pytest.raises(ProblemError, match="no site on a human chromosome"):
        built(tmp_path, "y.txt", "CHROM\tPOS\tREF\tALT\nGL1\t7\tA\tC\n")


def test_a_cut_file_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    whole = gzip.compress((HRC + "1\t99\trs1\tC\tG\t5\t10\t0.5\t0\t1\t0\tC\n" * 5000).encode())
    (tmp_path / "cut.gz").write_bytes(whole[:-200])
    with pytest.raises(ProblemError, match="cut.gz is truncated"):
        build_panel([tmp_path / "cut.gz"], tmp_path / "list", ABOUT)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.gz"]


def test_a_list_that_was_changed_on_disk_is_noticed(tmp_path: Path) -> None:
    found = built(tmp_path, "HRC.tab", HRC)
    assert found.verify() == ()
    column = found.folder / "1" / "code"
    column.write_bytes(bytes(reversed(column.read_bytes())))
    assert open_panel(found.folder).verify() == ("1/code",)
    column.write_bytes(b"x")
    with pytest.raises(ProblemError, match="not whole"):
        open_panel(found.folder)
    (found.folder / store.ABOUT).unlink()
    with pytest.raises(ProblemError, match="not whole"):
        open_panel(found.folder)


def test_a_snp_takes_eleven_bytes(tmp_path: Path) -> None:
    lines = "".join(f"1\t{n}\trs{n}\tC\tG\t5\t10\t0.5\t0\t1\t0\tC\n" for n in range(20_000, 30_000))
    found = built(tmp_path, "HRC.tab", HRC + lines)
    assert found.size / found.about.sites == 11


def test_many_small_pieces_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    shares = [f"{value:.3g}" for value in rng.random(20_000) ** 6]
    lines = [
        f"chr{1 + n // 9000}\t{n + 1}\trs{n}\t{'ACGT'[n % 4]}\t{'CGTA'[n % 4]}\t{s}"
        for n, s in enumerate(shares)
    ]
    text = "CHROM\tPOS\tID\tREF\tALT\tAF\n" + "\n".join(lines)
    path = tmp_path / "list.tsv.gz"
    with BgzfWriter(path) as writer:
        writer.write(text.encode())
    monkeypatch.setattr("app.genotypes.panels.tables.PIECE_BYTES", 2000)
    found = build_panel([path], tmp_path / "list", ABOUT)
    whole = [row for name in found.about.chromosomes for row in rows(found, name)]
    assert [row[0] for row in whole] == list(range(1, 20_001))
    assert np.allclose([row[3] for row in whole], [float(share) for share in shares], atol=1e-4)


def test_bcf_and_vcf_of_the_same_panel_agree(tmp_path: Path) -> None:
    found = build_panel([shared_data("formats", "gsa48.bcf")], tmp_path / "bcf", PanelAbout("Test", "GRCh37"))
    vcf = shared_data("impute_chr22_eur", "target.gsa_v3.vcf.gz")
    same = build_panel([vcf], tmp_path / "vcf", PanelAbout("Test", "GRCh37"))
    assert found.about.sites == same.about.sites == 4003
    assert rows(found, "22") == rows(same, "22")


def test_the_lists_of_the_cases_are_read_row_by_row(tmp_path: Path) -> None:
    root = shared_folder()
    if root is None:
        pytest.skip("the shared data are not on this machine")
    folder = root / "qc-cases" / "panels"
    for name in ("multirow.hg19.chr20", "phylotree.hg19.chrMT", "derived.hg19.chrX"):
        path = folder / "sites" / f"{name}.sites.gz"
        found = build_panel([path], tmp_path / name, PanelAbout("Test", "GRCh37"))
        chromosome = found.about.chromosomes[0]
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
        table = found.table(chromosome)
        assert table is not None
        theirs = [tuple(line.split("\t")[2:5]) for line in lines]
        assert [(str(row[0]), *row[1:3]) for row in rows(found, chromosome)] == theirs


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
@pytest.mark.parametrize("key", ["AF", "AC/AN"])
def test_odd_records_of_a_bcf_are_read_as_those_of_the_vcf(tmp_path: Path, key: str) -> None:
    rng = np.random.default_rng(2)
    head = VCF.split("#CHROM")[0].replace(
        "##INFO=<ID=AC", "##contig=<ID=chr21>\n##contig=<ID=X>\n##INFO=<ID=AC"
    )
    if key != "AF":
        head = head.replace('##INFO=<ID=AF,Number=A,Type=Float,Description="f">\n', "")
    lines = ["#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2"]
    for n in range(3000):
        ref, alts = "ACGT"[n % 4], ["CGTA"[n % 4]]
        ref += "A" * int(rng.integers(10, 30)) if n % 7 == 0 else ""
        alts += ["T" * int(rng.integers(2, 40))] if n % 11 == 0 else []
        alts = ["."] if n % 501 == 0 else alts
        name = "rs" + "9" * int(rng.integers(1, 9)) + (";rs" + "8" * 20 if n % 13 == 0 else "")
        shares = ",".join("." if n % 17 == 0 else f"{value:.4f}" for value in rng.random(len(alts)))
        info = f"AC={','.join(['3'] * len(alts))};AN={400 * (n % 3)}" + (
            f";AF={shares}" if key == "AF" else ""
        )
        info = "." if n % 19 == 0 or alts == ["."] else info
        place = "chr21" if n < 2500 else "X"
        lines.append(f"{place}\t{n + 1}\t{name}\t{ref}\t{','.join(alts)}\t.\tPASS\t{info}\tGT\t0|1\t0|0")
    head += '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
    vcf = written(tmp_path, "odd.vcf", head + "\n".join(lines) + "\n")
    bcf = tmp_path / "odd.bcf"
    subprocess.run(["bcftools", "view", "-Ob", "-o", str(bcf), str(vcf)], check=True, capture_output=True)
    first, second = (build_panel([path], tmp_path / path.suffix, ABOUT) for path in (vcf, bcf))
    assert first.about.sites == second.about.sites > 3000
    assert second.about.frequency == key
    for name in ("21", "X"):
        assert rows(first, name) == rows(second, name)
        mine, theirs = first.table(name), second.table(name)
        assert mine is not None
        assert theirs is not None
        assert np.array_equal(np.asarray(mine.rs), np.asarray(theirs.rs))
    cut = tmp_path / "cut.bcf"
    cut.write_bytes(bcf.read_bytes()[:-300])
    with pytest.raises(ProblemError, match="cut.bcf is truncated"):
        build_panel([cut], tmp_path / "cut", ABOUT)


def test_a_bcf_record_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = b"##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\n\0"
    endless = b"BCF\x02\x02" + len(header).to_bytes(4, "little") + header + b"\xff" * 8
    (tmp_path / "endless.bcf").write_bytes(endless + bytes(1 << 16))
    monkeypatch.setattr("app.genotypes.panels.bcf_sites._LONGEST", 1000)
    with pytest.raises(ProblemError, match="holds a line that does not end"):
        build_panel([tmp_path / "endless.bcf"], tmp_path / "list", ABOUT)


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.genotypes.panels.writing.ChromosomeWriter._write", full)
    with pytest.raises(OSError, match="No space"):
        built(tmp_path, "HRC.tab", HRC)
    assert [path.name for path in tmp_path.iterdir()] == ["HRC.tab"]


def test_a_vcf_with_people_is_remembered_as_long_as_it_stays_as_it_was(tmp_path: Path) -> None:
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    with_people = tmp_path / "people.vcf"
    with_people.write_text(f"{head}\tFORMAT\tP1\nchr22\t7\t.\tA\tG\t.\t.\t.\tGT\t0|1\n")
    sites_only = tmp_path / "sites.vcf"
    sites_only.write_text(f"{head}\nchr21\t7\t.\tA\tG\t.\t.\t.\n")
    build_panel([sites_only, with_people], tmp_path / "list", PanelAbout("p", "GRCh38"))
    found = open_panel(tmp_path / "list")
    assert found.genotypes() == {"22": with_people}
    with_people.write_text(with_people.read_text() + "chr22\t9\t.\tA\tG\t.\t.\t.\tGT\t0|1\n")
    assert open_panel(tmp_path / "list").genotypes() == {}
