"""Archives as the server writes them, opened by other programs."""

import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import pyzipper

from app.practice.archives import write_archive, write_md5
from app.practice.passwords import server_password


@pytest.fixture
def inside(tmp_path: Path) -> list[Path]:
    files = [tmp_path / "chr20.dose.vcf.gz", tmp_path / "chr20.info.gz"]
    files[0].write_bytes(bytes(range(256)) * 40)
    files[1].write_bytes(b"")
    return files


def test_zipcrypto(tmp_path: Path, inside: list[Path]) -> None:
    path = tmp_path / "chr_20.zip"
    write_archive(path, inside, "secret-1", aes=False)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [each.name for each in inside]
        assert archive.read("chr20.dose.vcf.gz", pwd=b"secret-1") == inside[0].read_bytes()
        with pytest.raises(RuntimeError):
            archive.read("chr20.dose.vcf.gz", pwd=b"wrong")


def test_aes(tmp_path: Path, inside: list[Path]) -> None:
    path = tmp_path / "chr_20.zip"
    write_archive(path, inside, "secret-1", aes=True)
    with pyzipper.AESZipFile(path) as archive:
        assert archive.read("chr20.dose.vcf.gz", pwd=b"secret-1") == inside[0].read_bytes()
    assert zipfile.ZipFile(path).infolist()[0].compress_type == 99


@pytest.mark.parametrize("aes", [False, True])
def test_7z_opens_both(tmp_path: Path, inside: list[Path], aes: bool) -> None:
    seven = shutil.which("7z") or shutil.which("7zz")
    if seven is None:
        pytest.skip("7z is not on this machine")
    path = tmp_path / "chr_20.zip"
    write_archive(path, inside, "secret-1", aes=aes)
    done = subprocess.run([seven, "t", "-psecret-1", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_md5(tmp_path: Path, inside: list[Path]) -> None:
    beside = write_md5(inside[0])
    assert beside.name == "chr20.dose.vcf.gz.md5"
    assert beside.read_text().split()[0] == hashlib.md5(inside[0].read_bytes()).hexdigest()


def test_password_of_the_server() -> None:
    for _ in range(50):
        word = server_password()
        assert len(word) == 14
        assert sum(c.isupper() for c in word) == 5
        assert sum(c.islower() for c in word) == 5
        assert sum(c.isdigit() for c in word) == 2
        assert len({c for c in word if c.isupper()}) == 5
