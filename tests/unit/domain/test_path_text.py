"""Names of files that are not UTF-8: shown with a replacement, kept so that they open."""

import os

import pytest

from app.domain.dataset import DataFile
from app.domain.finding import FileFacts, Finding, Severity
from app.domain.path_text import shown
from app.domain.problem import Kind, problem

ODD = os.fsdecode(b"/data/S\xff1 100%.vcf") if os.name == "posix" else "/data/S\udcff1 100%.vcf"


@pytest.mark.parametrize("path", [ODD, "/data/Größe 名.vcf", "/data/not-utf-8.vcf", "C:\\data\\a.vcf"])
def test_a_path_comes_back_from_what_is_kept(path: str) -> None:
    file = DataFile(path=path, name=os.path.basename(path), size=1, modified=2)
    assert file.path == path
    assert DataFile.model_validate_json(file.model_dump_json()) == file


def test_findings_and_facts_can_be_kept_and_shown() -> None:
    finding = Finding(code="a.b", severity=Severity.INFO, title=f"In {ODD}", file=ODD, where=ODD)
    facts = FileFacts(path=ODD, name=ODD, size=1)
    assert Finding.model_validate_json(finding.model_dump_json()) == finding
    assert FileFacts.model_validate_json(facts.model_dump_json()) == facts
    assert finding.file == facts.path == ODD
    assert finding.title == "In /data/S\ufffd1 100%.vcf"
    assert Finding(code="a.b", severity=Severity.INFO, title="T").file is None


def test_a_problem_can_be_written() -> None:
    told = problem(Kind.INPUT, "The file cannot be read", f"{ODD}: gone.", subject=ODD).problem
    assert "S\ufffd1" in told.sentence().encode().decode()
    assert told.model_dump_json()
    assert shown(ODD).encode()
