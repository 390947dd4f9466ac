"""A result as BCF is counted as the same one in text is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from app.results.indexing.content_fault import ContentFault
from app.results.indexing.figures import FileFigures
from app.results.indexing.kinds import FileKind
from app.results.indexing.on_disk import look_into, rewrite
from tests.helpers.imputed_files import NAMES, dose_text, packed, site_lines

pytestmark = pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools makes the files")
HEAD = (
    "##fileformat=VCFv4.2",
    "##source=Minimac v4.1.6",
    "##contig=<ID=20>",
    '##INFO=<ID=AF,Number=A,Type=Float,Description="x">',
    '##INFO=<ID=R2,Number=A,Type=Float,Description="x">',
    '##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="x">',
    '##INFO=<ID=TYPED,Number=0,Type=Flag,Description="x">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">',
    '##FORMAT=<ID=DS,Number=A,Type=Float,Description="x">',
    '##FORMAT=<ID=HDS,Number=.,Type=Float,Description="x">',
)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A dose file with a record of three alleles."""
    lines = dose_text(site_lines(sites=90), head=HEAD).decode().splitlines()
    cells = lines[50].split("\t")
    lines[50] = "\t".join([*cells[:3], "A", "C,G", *cells[5:8], "GT", *(["1|2"] * len(NAMES))])
    path = tmp_path / "made.vcf.gz"
    path.write_bytes(packed("".join(f"{line}\n" for line in lines).encode(), tmp_path))
    return path


@pytest.fixture
def binary(text: Path) -> Path:
    path = text.with_name("made.bcf")
    subprocess.run(["bcftools", "view", "-Ob", "-o", path, text], check=True, capture_output=True)
    return path


def told(found: FileFigures) -> list[object]:
    return [
        (one.name, one.records, one.both, one.typed_only, one.imputed, one.first, one.last, one.digest)
        for one in found.chromosomes
    ]


def test_it_is_counted_as_text_is(text: Path, binary: Path) -> None:
    found, expected = look_into(binary, "made.bcf"), look_into(text, "made.vcf.gz")
    assert told(found) == told(expected)
    assert found.chromosomes[0].typed_keys.tolist() == expected.chromosomes[0].typed_keys.tolist()
    assert found.chromosomes[0].by_megabase.tolist() == expected.chromosomes[0].by_megabase.tolist()
    assert (found.kind, found.samples, found.whole) == (FileKind.DOSE, NAMES, True)
    assert (found.end_marker, found.facts["source"]) == (True, "Minimac v4.1.6")
    assert not list(binary.parent.glob("*.csi"))


def test_one_that_was_cut_says_so_and_is_not_copied(binary: Path) -> None:
    whole = binary.read_bytes()
    binary.write_bytes(whole[: len(whole) // 2])
    found = look_into(binary, "made.bcf")
    assert (found.whole, found.end_marker) == (False, False)
    assert found.notes[0].startswith("The file is cut short")
    with pytest.raises(ContentFault):
        rewrite(binary, binary.with_name("copy.bcf"), "copy.bcf")
    assert not list(binary.parent.glob("copy*"))


def test_a_copy_is_the_same_and_keeps_the_names_that_were_sent(binary: Path) -> None:
    copy = binary.with_name("copy.bcf")
    found = rewrite(binary, copy, "copy.bcf", {NAMES[0]: "Own", NAMES[1]: NAMES[1]})
    assert copy.read_bytes() == binary.read_bytes()
    assert (found.renamed, found.kept_names, found.samples) == (0, 1, NAMES)
