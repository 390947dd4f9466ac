"""The stream cipher of old ZIP archives ("traditional PKWARE encryption", APPNOTE.TXT 6.1).

It protects nothing against a determined reader, but imputation servers use it unless told otherwise. The
kernel in C does more than 100 MB a second; where it could not be built the same answers come from Python
at about 2 MB a second, which is slow but never wrong.
"""

from __future__ import annotations

import binascii
import os
from typing import Protocol

HEADER_LENGTH = 12


class Cipher(Protocol):
    """One stream; each call goes on where the last one ended."""

    def decrypt(self, data: bytes, /) -> bytes:
        """The plain text of the next bytes."""
        ...

    def encrypt(self, data: bytes, /) -> bytes:
        """The cipher text of the next bytes."""
        ...


def _crc_of(byte: int) -> int:
    return binascii.crc32(bytes([byte]), 0xFFFFFFFF) ^ 0xFFFFFFFF


# The table of CRC-32 without its inversions: entry n is the register after byte n from a register of zero.
_TABLE = tuple(_crc_of(n) for n in range(256))


class PythonCipher:
    """The same cipher without a compiler."""

    def __init__(self, password: bytes) -> None:
        self._keys = (0x12345678, 0x23456789, 0x34567890)
        self.encrypt(password)

    def decrypt(self, data: bytes, /) -> bytes:
        """The plain text of the next bytes."""
        return self._run(data, decrypting=True)

    def encrypt(self, data: bytes, /) -> bytes:
        """The cipher text of the next bytes."""
        return self._run(data, decrypting=False)

    def _run(self, data: bytes, *, decrypting: bool) -> bytes:
        k0, k1, k2 = self._keys
        out = bytearray(data)
        for i, byte in enumerate(out):
            t = k2 | 2
            changed = byte ^ (((t * (t ^ 1)) >> 8) & 0xFF)
            out[i] = changed
            plain = changed if decrypting else byte
            k0 = _TABLE[(k0 ^ plain) & 0xFF] ^ (k0 >> 8)
            k1 = ((k1 + (k0 & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            k2 = _TABLE[(k2 ^ (k1 >> 24)) & 0xFF] ^ (k2 >> 8)
        self._keys = (k0, k1, k2)
        return bytes(out)


def has_kernel() -> bool:
    """Whether the kernel in C is there; False means that old archives are read slowly."""
    try:
        from app.results import _zipcrypto  # noqa: F401
    except ImportError:
        return False
    return True


def cipher(password: bytes) -> Cipher:
    """A stream that starts with this password, by the kernel when it is there."""
    try:
        from app.results import _zipcrypto
    except ImportError:
        return PythonCipher(password)
    return _zipcrypto.Cipher(password)


def encryption_header(stream: Cipher, check_byte: int) -> bytes:
    """The 12 encrypted bytes before an entry; the last one lets a reader see a wrong password early.

    `check_byte` is the highest byte of the entry's CRC, or of its DOS time when the CRC comes after the data.
    """
    return stream.encrypt(os.urandom(HEADER_LENGTH - 1) + bytes([check_byte]))
