"""Signed catalogues of institutions: verified, kept, tampered with, brought back; hidden, locked services."""

import asyncio
import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.changes import Noun
from app.domain.problem import Kind, ProblemError
from app.operations.add_service import add_service
from app.operations.catalogues import (
    FOLDER,
    export_catalogue,
    install_catalogue,
    installed_catalogues,
    known_preset,
    remove_catalogue,
)
from app.operations.change_service import state_country
from app.operations.desk import Desk
from app.services.minisign import public_key, verified
from app.store import services

COMMENT = "timestamp:1790000000\tfile:ours.json"


class Signer:
    """Signs as Minisign does, by the words of its documentation."""

    def __init__(self, number: int = 1) -> None:
        self.id = number.to_bytes(8, "little")
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        raw = b"Ed" + self.id + self._key.public_key().public_bytes_raw()
        self.public = base64.b64encode(raw).decode()

    def sign(self, content: bytes, *, hashed: bool = True, comment: str = COMMENT) -> str:
        told = hashlib.blake2b(content).digest() if hashed else content
        signature = self._key.sign(told)
        first = base64.b64encode((b"ED" if hashed else b"Ed") + self.id + signature).decode()
        over_all = base64.b64encode(self._key.sign(signature + comment.encode())).decode()
        return f"untrusted comment: by us\n{first}\ntrusted comment: {comment}\n{over_all}\n"


SERVICE = {
    "id": "ours",
    "name": "Ours",
    "operator": "We",
    "country": "DE",
    "base_url": "https://fake.example",
    "family": "fake",
    "locked": True,
    "sources": {"us": {"text": "we", "as_of": "2026", "certainty": "A"}},
    "main_source": "us",
}


def written(folder: Path, signer: Signer, as_of: str = "2026-11-26", **more: Any) -> Path:
    content = {"schema": 1, "as_of": as_of, "institution": "Us", "services": [SERVICE], **more}
    path = folder / "ours.json"
    path.write_text(json.dumps(content))
    path.with_name("ours.json.minisig").write_text(signer.sign(path.read_bytes()))
    return path


@pytest.mark.parametrize("hashed", [True, False])
def test_a_good_signature_gives_its_comment(hashed: bool) -> None:
    signer = Signer()
    key = public_key(f"untrusted comment: minisign public key\n{signer.public}\n")
    assert key.name == "0000000000000001"
    assert verified(b"text", signer.sign(b"text", hashed=hashed), key) == COMMENT


def test_everything_else_is_refused() -> None:
    signer, key = Signer(), public_key(Signer().public)
    good = signer.sign(b"text")
    lines = good.splitlines()
    bad = [
        "",
        "\n".join(lines[:3]),
        Signer(2).sign(b"text"),
        signer.sign(b"other"),
        good.replace(COMMENT, COMMENT + "!"),
        good.replace(lines[1], base64.b64encode(b"ED" + signer.id + bytes(64)).decode()),
        good.replace(lines[1], "%%%"),
        good.replace(lines[3], lines[3][:-8]),
    ]
    for each in bad:
        with pytest.raises(ProblemError) as caught:
            verified(b"text", each, key)
        assert caught.value.problem.kind is Kind.REFUSED
    for each in ("", "RW", signer.public[:-4], signer.public + "\n" + signer.public):
        with pytest.raises(ProblemError):
            public_key(each)


@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed")
def test_the_real_program_signs_what_is_accepted_here(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"text")
    make = ["minisign", "-G", "-W", "-p", "k.pub", "-s", "k.sec"]
    sign = ["minisign", "-S", "-W", "-s", "k.sec", "-m", "file", "-t", "by us"]
    for command in (make, sign):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    key = public_key((tmp_path / "k.pub").read_text())
    assert verified(b"text", (tmp_path / "file.minisig").read_text(), key) == "by us"


def test_an_installed_catalogue_adds_locks_and_hides(desk: Desk, tmp_path: Path) -> None:
    signer = Signer()
    hidden = "https://imputationserver.sph.umich.edu"

    async def play() -> None:
        await install_catalogue(desk, written(tmp_path, signer, hide=["michigan"]), signer.public)
        (found,) = await installed_catalogues(desk)
        assert (found.key, found.comment, found.problem) == ("0000000000000001", COMMENT, None)
        assert await known_preset(desk, "michigan") is None
        for url, preset in ((hidden, None), ("", "michigan"), ("https://other.example", "ours")):
            with pytest.raises(ProblemError):
                await add_service(desk, "Any", url, "fake", preset_id=preset)
        changes = await add_service(desk, "Ours", preset_id="ours")
        service = await desk.service(changes.ids(Noun.SERVICE)[0])
        assert (service.base_url, service.country) == ("https://fake.example", "DE")
        with pytest.raises(ProblemError, match="cannot be changed"):
            await state_country(desk, service.id, "US")
        await remove_catalogue(desk, found.key)
        assert await installed_catalogues(desk) == ()
        assert await known_preset(desk, "michigan") is not None

    asyncio.run(play())


@pytest.mark.parametrize(
    ("url", "preset", "told"),
    [
        ("http://imputationserver.sph.umich.edu", None, "is not for you"),
        ("https://imputationserver.sph.umich.edu.", None, "is not for you"),
        ("https://imputationserver.sph.umich.edu:8443/api", None, "is not for you"),
        ("https://imputationserver.sph.umich.edu", "self-hosted", "is not for you"),
        ("http://fake.example", None, "has a fixed address"),
        ("https://fake.example.", None, "has a fixed address"),
        ("https://fake.example/elsewhere", "self-hosted", "has a fixed address"),
    ],
)
def test_no_other_way_leads_to_what_is_hidden_or_around_what_is_fixed(
    desk: Desk, tmp_path: Path, url: str, preset: str | None, told: str
) -> None:
    signer = Signer()

    async def play() -> None:
        await install_catalogue(desk, written(tmp_path, signer, hide=["michigan"]), signer.public)
        with pytest.raises(ProblemError, match=told):
            await add_service(desk, "Any", url, "fake", preset_id=preset, plain_http_allowed=True)
        assert desk.store.read_now(services.services) == ()

    asyncio.run(play())


def test_one_that_was_tampered_with_is_not_used_and_says_so(desk: Desk, tmp_path: Path) -> None:
    signer = Signer()

    async def play() -> None:
        await install_catalogue(desk, written(tmp_path, signer), signer.public)
        kept = desk.home / FOLDER / "0000000000000001"
        text = (kept / "catalogue.json").read_text().replace("fake.example", "evil.example")
        (kept / "catalogue.json").write_text(text)
        (found,) = await installed_catalogues(desk)
        assert found.catalogue is None
        assert found.problem is not None
        assert "changed after it was signed" in found.problem.what_happened
        assert await known_preset(desk, "ours") is None
        with pytest.raises(ProblemError, match="cannot be verified"):
            await add_service(desk, "Any", "https://fake.example", "fake")
        other = Signer(2)
        (kept / "catalogue.json.minisig").write_text(other.sign((kept / "catalogue.json").read_bytes()))
        (kept / "key.pub").write_text(other.public)
        (found,) = await installed_catalogues(desk)
        assert found.problem is not None, "the key was exchanged too"

    asyncio.run(play())


def test_an_old_catalogue_is_not_brought_back(desk: Desk, tmp_path: Path) -> None:
    signer = Signer()

    async def play() -> None:
        await install_catalogue(
            desk, written(tmp_path, signer, "2026-11-26", hide=["michigan"]), signer.public
        )
        with pytest.raises(ProblemError, match="older"):
            await install_catalogue(desk, written(tmp_path, signer, "2026-10-01"), signer.public)
        assert await known_preset(desk, "michigan") is None
        await install_catalogue(desk, written(tmp_path, signer, "2026-12-01"), signer.public)
        assert await known_preset(desk, "michigan") is not None

    asyncio.run(play())


def test_what_cannot_be_installed_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    signer = Signer()
    path = written(tmp_path, signer)
    unnamed = tmp_path / "unnamed.json"
    unnamed.write_text('{"schema": 1, "as_of": "2026-11-26"}')
    unnamed.with_name("unnamed.json.minisig").write_text(signer.sign(unnamed.read_bytes()))

    async def play() -> None:
        for file, key in (
            (path, Signer(2).public),
            (tmp_path / "none.json", signer.public),
            (unnamed, signer.public),
        ):
            with pytest.raises(ProblemError):
                await install_catalogue(desk, file, key)
        assert await installed_catalogues(desk) == ()
        assert not (desk.home / FOLDER).exists()

    asyncio.run(play())


def test_all_presets_are_written_to_be_edited_and_signed(desk: Desk, tmp_path: Path) -> None:
    signer, path = Signer(), tmp_path / "export.json"

    async def play() -> None:
        number = await export_catalogue(desk, path, "Us")
        with pytest.raises(ProblemError, match="there already"):
            await export_catalogue(desk, path, "Us")
        path.with_name("export.json.minisig").write_text(signer.sign(path.read_bytes()))
        await install_catalogue(desk, path, signer.public)
        (found,) = await installed_catalogues(desk)
        assert found.catalogue is not None
        assert len(found.catalogue.services) == number

    asyncio.run(play())
