"""Info files in a format that is not read here, told by their first bytes.

Minimac4 writes its sites in the format of its dosages, however the file is called: `-O sav -s x.info.gz`
makes a SAV file, packed with Zstandard, of that name.
"""

from __future__ import annotations

from pathlib import Path

HEAD_BYTES = 1 << 16
_ZSTD, _SAV = b"\x28\xb5\x2f\xfd", b"SAV\x02"
_OTHERS = ((b"BZh", "a bzip2 file"), (b"\xfd7zXZ\0", "an XZ file"), (b"PK\x03\x04", "a ZIP archive"))


def unread_format(head: bytes) -> str:
    """What a file is that begins like that, in words with its article; empty for what is read here."""
    if head.startswith(_SAV):
        return "a SAV file of Minimac4"
    if head.startswith(_ZSTD):
        is_sav = _first_of_zstd(head).startswith(_SAV)
        return "a SAV file of Minimac4, packed with Zstandard" if is_sav else "a Zstandard file"
    return next((spoken for magic, spoken in _OTHERS if head.startswith(magic)), "")


def unread_format_of(path: Path) -> str:
    """The same of a file; empty for one that cannot be opened: whoever reads it says so."""
    try:
        with path.open("rb") as file:
            return unread_format(file.read(HEAD_BYTES))
    except OSError:
        return ""


def _first_of_zstd(head: bytes) -> bytes:
    import zstandard

    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(head[:HEAD_BYTES])[: len(_SAV)]
    except zstandard.ZstdError:
        return b""
