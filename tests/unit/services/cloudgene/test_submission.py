"""What is sent, and above all what is not."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.dataset import DataFile
from app.domain.problem import Kind, ProblemError
from app.services.cloudgene import describing
from app.services.cloudgene.submission import body_of
from app.services.contract import Submission
from tests.unit.services.cloudgene.samples import sample
from tests.unit.transport.test_multipart import data_file, parsed, whole

FORM = describing.form(sample("app-cg3"), "imputationserver2")
EVERY = describing.form(sample("app-every-type"), "pgs")


def sent(
    path: Path, options: dict[str, str | bool], form: object = FORM, password: str | None = None
) -> list[tuple[str, str]]:
    file = path / "chr20.vcf.gz"
    file.write_bytes(b"data")
    submission = Submission(
        app_id="x",
        remote_name="study.abc",
        files=(data_file(file),),
        options=options,
        password=SecretStr(password) if password else None,
    )
    body = body_of(submission, form)  # type: ignore[arg-type]
    fields, files = parsed(body, whole(body))
    assert files == [("files", "chr20.vcf.gz", b"data")]
    return fields


def test_the_usual_job(tmp_path: Path) -> None:
    options: dict[str, str | bool] = {
        "refpanel": "apps@hapmap-2@2.0.0",
        "build": "hg19",
        "population": "eur",
        "aesEncryption": True,
        "meta": False,
        "check1": True,
        "check2": "accepted",
    }
    assert sent(tmp_path, options, password="Secret-1") == [
        ("job-name", "study.abc"),
        ("refpanel", "apps@hapmap-2@2.0.0"),
        ("build", "hg19"),
        ("population", "eur"),
        ("aesEncryption", "true"),
        ("check1", "accepted"),
        ("check2", "accepted"),
        ("password", "Secret-1"),
    ]


@pytest.mark.parametrize("value", [False, "false", "", "no", "off", " FALSE "])
def test_an_unticked_box_is_never_sent(tmp_path: Path, value: str | bool) -> None:
    assert sent(tmp_path, {"meta": value, "check1": value}) == [("job-name", "study.abc")]


@pytest.mark.parametrize("short", ["hapmap-2", "hapmap-2@2.0.0", "apps@hapmap-2"])
def test_panels_by_their_short_names(tmp_path: Path, short: str) -> None:
    assert ("refpanel", "apps@hapmap-2@2.0.0") in sent(tmp_path, {"refpanel": short})


@pytest.mark.parametrize(
    "options",
    [
        {"nonsense": "x"},
        {"files": "x"},
        {"files-source": "x"},
        {"myseparator": "x"},
        {"build": "hg18"},
        {"refpanel": "apps@secret@1"},
        {"population": "martian"},
        {"build": True},
    ],
)
def test_what_the_form_does_not_have_is_refused(tmp_path: Path, options: dict[str, str | bool]) -> None:
    with pytest.raises(ProblemError) as caught:
        sent(tmp_path, options)
    assert caught.value.problem.kind is Kind.INPUT


def test_unknown_types_are_sent_only_when_filled(tmp_path: Path) -> None:
    assert sent(tmp_path, {"hologram": "", "pgscatalog": "", "word": ""}, EVERY) == [
        ("job-name", "study.abc")
    ]
    assert ("hologram", "blue") in sent(tmp_path, {"hologram": "blue"}, EVERY)


def test_no_files_and_no_place_for_files() -> None:
    file = DataFile(path="x", name="x", size=1, modified=1)
    for wrong in (
        Submission(app_id="x", remote_name="n", files=()),
        Submission(app_id="x", remote_name="n", files=(file,), files_parameter="build"),
        Submission(app_id="x", remote_name="n", files=(file,), files_parameter="none"),
    ):
        with pytest.raises(ProblemError) as caught:
            body_of(wrong, FORM)
        assert caught.value.problem.kind is Kind.INPUT
