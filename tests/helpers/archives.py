"""Archives as servers make them, by the programs that servers use."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

PASSWORD = "Correct.horse-9_battery"


def contents() -> dict[str, bytes]:
    """Small files like those of a result: one that hardly compresses, a text, an empty one, a folder."""
    noise = bytes((i * i * 2654435761 >> 13) & 0xFF for i in range(300_000))
    return {
        "chr22.dose.vcf.gz": noise,
        "chr22.info.gz": noise[1000:30_000],
        "statistics/snps-excluded.txt": b"22\t16050075\tA\tG\tallele mismatch\n" * 4000,
        "empty.txt": b"",
    }


def written(folder: Path, files: dict[str, bytes]) -> Path:
    """The files on disk below a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def by_7zip(archive: Path, source: Path, password: str | None, method: str) -> Path:
    """An archive by the real 7-Zip: `ZipCrypto`, `AES128`, `AES192` or `AES256`; skips without it."""
    secret = [f"-p{password}", f"-mem={method}"] if password else []
    _run("7z", ["a", "-tzip", "-bd", *secret, str(archive), "."], source)
    return archive


def by_info_zip(archive: Path, source: Path, password: str) -> Path:
    """An archive by `zip -e`, which writes its check byte from the time of the file."""
    _run("zip", ["-q", "-r", "-P", password, str(archive), "."], source)
    return archive


def by_pyzipper(archive: Path, files: dict[str, bytes], password: str, bits: int, version: int) -> Path:
    """An archive in one of the two AES formats."""
    import pyzipper

    with pyzipper.AESZipFile(archive, "w", compression=pyzipper.ZIP_DEFLATED) as target:
        target.setpassword(password.encode())
        target.setencryption(pyzipper.WZ_AES, nbits=bits, force_wz_aes_version=version)
        for name, data in files.items():
            target.writestr(name, data)
    return archive


def plain(archive: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """An archive without a password."""
    with zipfile.ZipFile(archive, "w", compression) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return archive


def _run(program: str, arguments: list[str], folder: Path) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")
    subprocess.run([program, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
