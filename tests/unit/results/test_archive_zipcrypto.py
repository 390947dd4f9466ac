"""The kernel in C, its substitute in Python and the standard library give the same bytes."""

import io
import sys
import threading
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.results import zipcrypto
from app.results.zipcrypto import HEADER_LENGTH, PythonCipher, cipher, encryption_header

PIECES = st.lists(st.binary(max_size=300), max_size=6)


def test_the_kernel_is_built_here() -> None:
    assert zipcrypto.has_kernel(), "pip install --no-deps --no-build-isolation -e . builds it"


@given(password=st.binary(max_size=40), pieces=PIECES)
def test_kernel_and_python_agree_over_pieces(password: bytes, pieces: list[bytes]) -> None:
    kernel, plain, whole = cipher(password), PythonCipher(password), cipher(password)
    encrypted = [kernel.encrypt(piece) for piece in pieces]
    assert encrypted == [plain.encrypt(piece) for piece in pieces]
    assert b"".join(encrypted) == whole.encrypt(b"".join(pieces))


@given(password=st.binary(max_size=40), pieces=PIECES)
def test_decrypting_undoes_encrypting(password: bytes, pieces: list[bytes]) -> None:
    forth, back, slow = cipher(password), cipher(password), PythonCipher(password)
    for piece in pieces:
        encrypted = forth.encrypt(piece)
        assert back.decrypt(encrypted) == piece
        assert slow.decrypt(encrypted) == piece


def test_the_standard_library_reads_what_we_encrypt() -> None:
    content, password = b"chr22 and more" * 50, b"Secret-9"
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("a.txt", content)
    raw = bytearray(memory.getvalue())
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entry = archive.infolist()[0]
    encrypted = _encrypted_archive(bytes(raw), entry, content, password)
    with zipfile.ZipFile(io.BytesIO(encrypted)) as archive:
        assert archive.read("a.txt", pwd=password) == content


def _encrypted_archive(raw: bytes, entry: zipfile.ZipInfo, content: bytes, password: bytes) -> bytes:
    """The same archive with the one stored entry encrypted: 12 bytes longer, flag bit 0 set."""
    stream = cipher(password)
    body = encryption_header(stream, entry.CRC >> 24) + stream.encrypt(content)
    start = 30 + len(entry.filename)
    local = bytearray(raw[:start])
    central = bytearray(raw[start + len(content) :])
    local[6] |= 1
    local[18:22] = len(body).to_bytes(4, "little")
    central[8] |= 1
    central[20:24] = len(body).to_bytes(4, "little")
    end = central.rindex(b"PK\x05\x06")
    central[end + 16 : end + 20] = (start + len(body)).to_bytes(4, "little")
    return bytes(local) + body + bytes(central)


def test_takes_any_buffer_and_refuses_text() -> None:
    data = b"0123456789" * 20
    expected = cipher(b"p").encrypt(data)
    assert cipher(b"p").encrypt(memoryview(data)) == expected
    assert cipher(b"p").encrypt(bytearray(data)) == expected
    with pytest.raises(TypeError):
        cipher(b"p").encrypt("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        type(cipher(b"p"))("text")  # type: ignore[call-arg]


def test_the_header_ends_with_the_check_byte() -> None:
    header = encryption_header(cipher(b"p"), 0xAB)
    assert len(header) == HEADER_LENGTH
    assert cipher(b"p").decrypt(header)[-1] == 0xAB


def test_ciphers_in_threads_do_not_disturb_one_another() -> None:
    data = bytes(8 << 20)
    ciphers = [cipher(b"p") for _ in range(3)]
    results: list[bytes] = []
    threads = [threading.Thread(target=lambda c=c: results.append(c.encrypt(data))) for c in ciphers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] == results[1] == results[2]


def test_without_the_kernel_python_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "app.results._zipcrypto", None)
    monkeypatch.delattr("app.results._zipcrypto", raising=False)
    assert not zipcrypto.has_kernel()
    assert isinstance(cipher(b"p"), PythonCipher)
