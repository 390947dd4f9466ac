"""The bytes of one file of an archive: decrypted, inflated and checked, a megabyte at a time.

Reading and decrypting run one piece ahead in a thread of their own: both, the inflating and the hashing
release the GIL, so two processors are used and the slowest step alone sets the speed.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Protocol

from app.domain.problem import ProblemError
from app.results.archive_directory import AES_SALT_LENGTHS, AES_TAG_LENGTH, Encryption, Entry
from app.results.archive_problems import ArchiveFault, damaged, disk_problems, fault
from app.results.zipcrypto import HEADER_LENGTH, cipher

PIECE = 1 << 20
_OUTPUT_LIMIT = 4 << 20  # what one step of inflating may give, so that memory stays small
_KEY_LENGTHS = {1: 16, 2: 24, 3: 32}
_AES_ROUNDS = 1000


class Decryption(Protocol):
    """The cipher of one entry; `length` is of the encrypted content, without header and tag."""

    length: int

    def decrypt(self, data: bytes, /) -> bytes:
        """The plain text of the next bytes."""
        ...

    def finish(self, file: BinaryIO) -> bool:
        """Whether what follows the content proves it; True where nothing follows."""
        ...


class _Plain:
    def __init__(self, entry: Entry) -> None:
        self.length = entry.packed

    def decrypt(self, data: bytes, /) -> bytes:
        return data

    def finish(self, _file: BinaryIO) -> bool:
        return True


class _ZipCrypto:
    def __init__(self, archive: Path, file: BinaryIO, entry: Entry, password: bytes) -> None:
        stream = cipher(password)
        header = stream.decrypt(file.read(HEADER_LENGTH))
        if header[-1:] != bytes([entry.check_byte]):
            raise wrong_password(archive)
        self.length = entry.packed - HEADER_LENGTH
        self.decrypt = stream.decrypt

    def finish(self, _file: BinaryIO) -> bool:
        return True


class _Aes:
    """WinZip's AES in counter mode with a SHA-1 HMAC over the encrypted bytes (AE-1 and AE-2)."""

    def __init__(self, archive: Path, file: BinaryIO, entry: Entry, password: bytes) -> None:
        from Cryptodome.Cipher import AES
        from Cryptodome.Util import Counter

        salt_length, key_length = AES_SALT_LENGTHS[entry.aes_strength], _KEY_LENGTHS[entry.aes_strength]
        salt, expected = file.read(salt_length), file.read(2)
        made = hashlib.pbkdf2_hmac("sha1", password, salt, _AES_ROUNDS, 2 * key_length + 2)
        if made[-2:] != expected:
            raise wrong_password(archive)
        self.length = entry.packed - salt_length - 2 - AES_TAG_LENGTH
        counter = Counter.new(nbits=128, little_endian=True)
        self._stream = AES.new(made[:key_length], AES.MODE_CTR, counter=counter)
        self._mac = hmac.new(made[key_length : 2 * key_length], digestmod=hashlib.sha1)

    def decrypt(self, data: bytes, /) -> bytes:
        self._mac.update(data)
        return bytes(self._stream.decrypt(data))

    def finish(self, file: BinaryIO) -> bool:
        return hmac.compare_digest(self._mac.digest()[:AES_TAG_LENGTH], file.read(AES_TAG_LENGTH))


def wrong_password(archive: Path) -> ProblemError:
    """The exception for a password that certainly is another one."""
    return fault(
        ArchiveFault.PASSWORD,
        archive,
        "The archive was made with another password.",
        "Enter the password of this job; the service sent it by mail if it was not chosen here.",
    )


def open_entry(archive: Path, file: BinaryIO, entry: Entry, password: bytes | None) -> Decryption:
    """The cipher of an entry, with the file standing at its content; raises for a wrong password."""
    file.seek(entry.start)
    if entry.encryption == Encryption.NONE:
        return _Plain(entry)
    if not password:
        raise fault(
            ArchiveFault.NO_PASSWORD,
            archive,
            "Its files are encrypted and no password is known.",
            "Enter the password of this job; the service sent it by mail if it was not chosen here.",
        )
    if entry.encryption == Encryption.AES:
        return _Aes(archive, file, entry, password)
    return _ZipCrypto(archive, file, entry, password)


def pieces(
    archive: Path, file: BinaryIO, entry: Entry, password: bytes | None, *, sure_of_password: bool
) -> Generator[bytes]:
    """The content of an entry, in order; the last step proves size, CRC and HMAC or raises ProblemError.

    Close it when it is not read to its end: it owns a thread.
    `sure_of_password` says that several entries took it: one ZipCrypto entry takes 1 of 256 wrong ones,
    so what fails after such a weak look may be either.
    """
    with disk_problems(archive, "could not be read"):
        decryption = open_entry(archive, file, entry, password)
    weak = entry.encryption == Encryption.ZIPCRYPTO and not sure_of_password
    try:
        with ThreadPoolExecutor(1, "decrypt") as pool:
            yield from _checked(archive, entry, _inflated(entry, _decrypted(file, decryption, pool)))
    except _ContentError as error:
        raise _damage(archive, entry, str(error), weak=weak) from error
    except OSError as error:
        with disk_problems(archive, "could not be read"):
            raise error
    if not decryption.finish(file):
        raise _damage(archive, entry, "the HMAC is another one", weak=False)


class _ContentError(Exception):
    """The content is not what the directory says."""


def _damage(archive: Path, entry: Entry, details: str, *, weak: bool) -> ProblemError:
    if not weak:
        return damaged(archive, f"The content of {entry.name!r} is not what was sent.", details)
    return fault(
        ArchiveFault.PASSWORD,
        archive,
        "Either the password is another one or the archive was damaged on its way.",
        "Enter the password of this job; if it is the right one, fetch the archive again.",
        details,
        title="The archive cannot be opened",
    )


def _decrypted(file: BinaryIO, decryption: Decryption, pool: ThreadPoolExecutor) -> Iterator[bytes]:
    """Plain pieces, one made ahead in the thread of `pool` while the last one is used."""
    sizes = [PIECE] * (decryption.length // PIECE) + [decryption.length % PIECE]

    def piece(size: int) -> bytes:
        data = file.read(size)
        if len(data) != size:
            raise _ContentError("the archive ends too early")
        return decryption.decrypt(data)

    ahead: Future[bytes] | None = None
    for size in sizes:
        ready, ahead = ahead, pool.submit(piece, size)
        if ready:
            yield ready.result()
    if ahead:
        yield ahead.result()


def _inflated(entry: Entry, source: Iterator[bytes]) -> Iterator[bytes]:
    if not entry.deflated:
        yield from source
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for data in source:
        yield from _steps(inflater, data)
    yield inflater.flush()
    if not inflater.eof:
        raise _ContentError("the compressed data do not end")


def _steps(inflater: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    try:
        while data:
            yield inflater.decompress(data, _OUTPUT_LIMIT)
            data = inflater.unconsumed_tail
    except zlib.error as error:
        raise _ContentError(str(error)) from error
    if inflater.unused_data:
        raise _ContentError("there are bytes after the compressed data")


def _checked(archive: Path, entry: Entry, source: Iterator[bytes]) -> Iterator[bytes]:
    """Pass on what fits the declared size, then compare size and CRC."""
    crc = size = 0
    for data in source:
        size += len(data)
        if size > entry.size:
            raise damaged(archive, f"{entry.name!r} is larger than the archive says.", "declared size")
        crc = zlib.crc32(data, crc)
        if data:
            yield data
    if size != entry.size:
        raise _ContentError(f"{size} bytes instead of {entry.size}")
    if entry.crc is not None and crc != entry.crc:
        raise _ContentError("the CRC is another one")
