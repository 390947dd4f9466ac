"""Info files that are none of the formats read here are named, and the dose files tell R2 in their place."""

from __future__ import annotations

from pathlib import Path

import pytest
import zstandard

from app.domain.problem import ProblemError
from app.operations.judge_result import _quality
from app.results.figures.result_files import result_files
from app.results.found.recognising import find_result
from app.results.found.taking import copied, looked_into
from app.results.indexing.unread_formats import unread_format
from app.results.quality import figure_files, quality
from tests.helpers.imputed_files import dose_text, info_text, packed, site_lines

SAV = zstandard.ZstdCompressor().compress(b"SAV\x02\x00\xe1\x02\x00\x00##fileformat=VCFv4.2\n" + bytes(4000))
SITES = site_lines(sites=40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As `minimac4 -O sav -s chr20.info.gz` and a conversion of the doses leave it."""
    made = tmp_path / "made"
    made.mkdir()
    (made / "chr20.dose.vcf.gz").write_bytes(packed(dose_text(SITES), tmp_path))
    (made / "chr20.info.gz").write_bytes(SAV)
    return made


def test_formats_by_their_first_bytes(tmp_path: Path) -> None:
    assert unread_format(SAV) == "a SAV file of Minimac4, packed with Zstandard"
    assert unread_format(SAV[:20]).startswith("a ")  # cut: no fault of its own
    assert unread_format(zstandard.compress(b"something else")) == "a Zstandard file"
    assert unread_format(b"\x28\xb5\x2f\xfd" + b"\xff" * 40) == "a Zstandard file"
    assert unread_format(b"SAV\x02\x00") == "a SAV file of Minimac4"
    assert unread_format(packed(info_text(SITES), tmp_path)) == ""
    assert unread_format(b"SNP\tREF(0)\n") == unread_format(b"") == ""


def test_r2_is_that_of_the_dose_file_and_a_sentence_says_why(folder: Path) -> None:
    figures, sentence = _quality(tuple(sorted(folder.iterdir())), lambda _: None)
    assert figures == quality(folder / "chr20.dose.vcf.gz")
    assert figures.variants == 40
    assert "chr20.info.gz is a SAV file of Minimac4" in sentence
    assert "R2 is from the dose files" in sentence
    assert [path.name for path in figure_files(folder)] == ["chr20.dose.vcf.gz"]


def test_a_readable_info_file_needs_no_sentence(folder: Path, tmp_path: Path) -> None:
    (folder / "chr20.info.gz").write_bytes(packed(info_text(SITES), tmp_path))
    assert _quality(tuple(folder.iterdir()), lambda _: None)[1] == ""


def test_alone_it_is_refused_by_its_format(folder: Path) -> None:
    (folder / "chr20.dose.vcf.gz").unlink()
    with pytest.raises(ProblemError, match=r"chr20\.info\.gz is a SAV file .* no dose file is beside it"):
        quality(folder)


def test_another_chromosome_is_measured_without_it(folder: Path) -> None:
    (folder / "chr21.info.gz").write_bytes(SAV)
    assert result_files(folder).infos == ()


@pytest.mark.parametrize("copy", [False, True])
def test_it_is_not_called_read_whole(folder: Path, tmp_path: Path, copy: bool) -> None:
    found, kept = find_result([folder]), str(tmp_path / "kept")
    files = copied(found, str(tmp_path / "to"), {}, kept) if copy else looked_into(found, kept)
    proofs = {each.path: each.verified_by for each in files}
    assert proofs["chr20.dose.vcf.gz"] == "read whole"
    assert proofs["chr20.info.gz"] == "checksum only: a SAV file of Minimac4, packed with Zstandard"
    if copy:
        assert (tmp_path / "to" / "chr20.info.gz").read_bytes() == SAV
