"""The chain file of the way back, told by its name."""

from pathlib import Path

import pytest

from app.genotypes.repair.ready import chain_back_of


@pytest.mark.parametrize(
    ("name", "back"),
    [
        ("hg19ToHg38.over.chain.gz", "hg38ToHg19.over.chain.gz"),
        ("hg38ToHs1.over.chain.gz", "hs1ToHg38.over.chain.gz"),
        ("GRCh37_to_GRCh38.chain.gz", "GRCh38_to_GRCh37.chain.gz"),
        ("study.hg18ToHg19.chain", "study.hg19ToHg18.chain"),
    ],
)
def test_the_way_back_lies_beside(tmp_path: Path, name: str, back: str) -> None:
    assert chain_back_of(tmp_path / name) is None, "it is not there"
    (tmp_path / back).touch()
    assert chain_back_of(tmp_path / name) == tmp_path / back
    (tmp_path / name).touch()
    assert chain_back_of(tmp_path / back) == tmp_path / name


def test_other_names_tell_nothing(tmp_path: Path) -> None:
    assert chain_back_of(None) is None
    assert chain_back_of(tmp_path / "myTools.chain") is None
