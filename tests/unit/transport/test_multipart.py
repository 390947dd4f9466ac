"""Bodies of forms with files."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_multipart.multipart import FormParser, parse_options_header

from app.domain.dataset import DataFile
from app.domain.problem import Kind, ProblemError
from app.transport.multipart import FilePart, Multipart


def data_file(path: Path, name: str | None = None) -> DataFile:
    """A file as it is now."""
    seen = path.stat()
    return DataFile(path=str(path), name=name or path.name, size=seen.st_size, modified=seen.st_mtime_ns)


def whole(body: Multipart, piece: int = 1000) -> bytes:
    return b"".join(bytes(each) for each in body.pieces(bytearray(piece))) + body.tail


def parsed(body: Multipart, raw: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str, bytes]]]:
    """What an independent parser makes of it."""
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, str, bytes]] = []

    def on_field(found: object) -> None:
        fields.append((found.field_name.decode(), (found.value or b"").decode()))  # type: ignore[attr-defined]

    def on_file(found: object) -> None:
        found.file_object.seek(0)  # type: ignore[attr-defined]
        content = found.file_object.read()  # type: ignore[attr-defined]
        found.close()  # type: ignore[attr-defined]
        files.append((found.field_name.decode(), found.file_name.decode(), content))  # type: ignore[attr-defined]

    kind, options = parse_options_header(body.content_type)
    parser = FormParser(kind.decode(), on_field, on_file, boundary=options[b"boundary"])
    parser.write(raw)
    parser.finalize()
    return fields, files


def test_fields_and_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    one, two = tmp_path / "a" / "chr1.vcf.gz", tmp_path / "chr2.vcf.gz"
    one.write_bytes(os.urandom(2500))
    two.write_bytes(b"")
    body = Multipart(
        [("job-name", 'über "x"\r\n--y'), ("check1", "accepted")],
        [FilePart("files", data_file(one, "/some/where/chr1.vcf.gz")), FilePart("files", data_file(two))],
    )
    raw = whole(body)
    assert len(raw) == body.content_length
    fields, files = parsed(body, raw)
    assert fields == [("job-name", 'über "x"\r\n--y'), ("check1", "accepted")]
    assert files == [("files", "chr1.vcf.gz", one.read_bytes()), ("files", "chr2.vcf.gz", b"")]


@given(st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_names_and_values_of_any_kind(name: str, value: str) -> None:
    try:
        name.encode()
        value.encode()
    except UnicodeEncodeError:
        return
    body = Multipart([(name, value)], [])
    raw = whole(body)
    assert len(raw) == body.content_length
    head, _, rest = raw.partition(b"\r\n\r\n")
    assert head.count(b"\r\n") == 1
    assert head.count(b'"') == 2
    assert rest.startswith(value.encode() + b"\r\n--")


def test_nothing_before_the_tail_ends_a_body(tmp_path: Path) -> None:
    file = tmp_path / "x.vcf.gz"
    file.write_bytes(b"abc")
    body = Multipart([], [FilePart("files", data_file(file))])
    assert b"--\r\n" not in b"".join(bytes(each) for each in body.pieces(bytearray(10)))


def test_two_files_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    files = [tmp_path / "x.vcf.gz", tmp_path / "b" / "x.vcf.gz"]
    for file in files:
        file.write_bytes(b"1")
    with pytest.raises(ProblemError, match="same name"):
        Multipart([], [FilePart("files", data_file(each)) for each in files])


@pytest.mark.parametrize("how", ["shrinks", "grows", "touched", "gone", "first file touched later"])
def test_a_file_that_changes(tmp_path: Path, how: str) -> None:
    file, second = tmp_path / "x.vcf.gz", tmp_path / "y.vcf.gz"
    file.write_bytes(b"1" * 5000)
    second.write_bytes(b"2" * 5000)
    body = Multipart([], [FilePart("files", data_file(file)), FilePart("files", data_file(second))])
    if how == "gone":
        file.unlink()

    def read() -> None:
        for number, _ in enumerate(body.pieces(bytearray(1000))):
            if number == 3 and how == "shrinks":
                os.truncate(file, 2500)
            elif number == 3 and how == "grows":
                with file.open("ab") as more:
                    more.write(b"2")
            elif (number, how) in {(3, "touched"), (10, "first file touched later")}:
                os.utime(file, ns=(1, 1))

    with pytest.raises(ProblemError) as caught:
        read()
    assert caught.value.problem.kind is Kind.INPUT
    assert caught.value.problem.subject == "x.vcf.gz"


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_the_last_of_many_files_is_looked_at_before_the_first_byte(tmp_path: Path, how: str) -> None:
    files = [tmp_path / f"chr{number}.vcf.gz" for number in (1, 2)]
    for file in files:
        file.write_bytes(b"1" * 5000)
    body = Multipart([("a", "b")], [FilePart("files", data_file(file)) for file in files])
    if how == "gone":
        files[1].unlink()
    else:
        os.utime(files[1], ns=(1, 1))
    with pytest.raises(ProblemError) as caught:
        next(body.pieces(bytearray(1000)))
    assert caught.value.problem.subject == "chr2.vcf.gz"


def test_a_file_that_changed_since_it_was_checked(tmp_path: Path) -> None:
    file = tmp_path / "x.vcf.gz"
    file.write_bytes(b"123")
    checked = data_file(file)
    os.utime(file, ns=(1, 1))
    with pytest.raises(ProblemError, match="changed"):
        whole(Multipart([], [FilePart("files", checked)]))
