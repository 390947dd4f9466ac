"""Files into a store, encrypted or not, and results by every kind of address. Source: ga4gh.md 5."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.domain.dataset import DataFile
from app.domain.job import JobFile
from app.domain.problem import Kind, ProblemError
from app.domain.progress import Progress, silent
from app.services.contract import Connection, KnowsChecksum, RemoteFile
from app.services.wes import Wes
from app.services.wes.setup import auth_headers, mapped_path
from app.services.wes.storing import encrypted, public_key, put_files
from app.transport.client import Looker
from app.transport.limits import Pace
from tests.helpers.wes_stub import SAPPORO, Run, WesStub
from tests.services.family_contract import fetch, refused

CONTENT = b"doses" * 1000
HEADERS = [
    "X-Amz-Meta-Way: 1",
    "Authorization: Basic eDp5",
    "Host: inside.example",
    "X-HTTP-Method-Override: DELETE",
    "Range: bytes=3-",
    "X-Amz-Broken: a\r\nX-Smuggled: 1",
]
"""What a repository asks to be sent along: two that a store needs, and some that change the question."""


async def at_once(_: float) -> None:
    """No waiting."""


@pytest.fixture
def stub() -> Iterator[WesStub]:
    with WesStub(SAPPORO) as running:
        yield running


def remote(address: str, checksum: str = "", size: int | None = None) -> RemoteFile:
    told = json.dumps({"address": address, "checksum": checksum, "run": "r1"})
    text = f"{size} bytes" if size is not None else ""
    return RemoteFile(file=JobFile(name="chr1.dose.vcf.gz", size_text=text), locator=SecretStr(told))


def get(stub: WesStub, file: RemoteFile, **setup: str) -> bytes:
    family = Wes(looker=Looker(Pace(), sleep=at_once), sleep=at_once)
    connection = Connection(service_id="x", base_url=stub.url, setup=setup)
    return asyncio.run(fetch(family, connection, file))[0]


def serve(stub: WesStub, path: str, content: object, status: int = 200, **headers: str) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    stub.extra[path] = (status, headers, body)


def drs(stub: WesStub, **more: Any) -> str:
    serve(stub, "/bytes", CONTENT)
    told = {
        "id": "o1",
        "size": len(CONTENT),
        "checksums": [{"type": "md5", "checksum": hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}],
        "access_methods": [{"type": "https", "access_url": {"url": f"{stub.url}/bytes", "headers": HEADERS}}],
    }
    serve(stub, "/ga4gh/drs/v1/objects/o1", told | more)
    return stub.url.replace("http://", "drs://") + "/o1"


def test_a_file_that_is_not_what_was_told(stub: WesStub) -> None:
    serve(stub, "/a", CONTENT)
    good = "sha1$" + hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()
    assert get(stub, remote(f"{stub.url}/a", good, len(CONTENT))) == CONTENT
    for file in (remote(f"{stub.url}/a", "sha1$" + "0" * 40), remote(f"{stub.url}/a", "", 7)):
        with refused(Kind.NO_NETWORK) as problem:
            get(stub, file)
        assert problem().title == "The file came damaged"


def test_a_file_with_a_checksum_goes_on_where_it_was_cut(stub: WesStub) -> None:
    """The rest is fetched alone, and says with what the whole has to be compared."""
    run = Run("r1", {}, {}, files={"a.vcf.gz": CONTENT})
    stub.runs["r1"] = run
    told = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()
    file = remote(f"{stub.url}/runs/r1/outputs/a.vcf.gz", f"sha1${told}", len(CONTENT))
    family = Wes(looker=Looker(Pace(), sleep=at_once), sleep=at_once)
    connection = Connection(service_id="x", base_url=stub.url)

    async def rest(offset: int) -> tuple[bytes, int, int | None, object]:
        async with family.download(connection, file, offset, SecretStr("again")) as (opened, again):
            data = b"".join([piece async for piece in opened.chunks()])
            assert isinstance(opened, KnowsChecksum)
            assert again is not None
            return data, opened.offset, opened.total, opened.checksum

    for offset in (4000, len(CONTENT)):
        expected = (CONTENT[offset:], offset, len(CONTENT), ("sha1", told))
        assert asyncio.run(rest(offset)) == expected


def test_an_address_that_has_expired(stub: WesStub) -> None:
    with WesStub(SAPPORO) as store:
        serve(store, "/signed?sig=1", b"<Error/>", 403)
        with refused(Kind.NOT_FOUND) as problem:
            get(stub, remote(f"{store.url}/signed?sig=1"))
        assert "expired" in problem().what_happened
        assert "sig" not in problem().model_dump_json()


def test_a_page_in_place_of_a_file(stub: WesStub) -> None:
    stub.extra["/a"] = (200, {"Content-Type": "text/html"}, b"<html>sign in</html>")
    with refused(Kind.BUSY):
        get(stub, remote(f"{stub.url}/a"))


def test_a_redirect_within_reason(stub: WesStub) -> None:
    serve(stub, "/far", CONTENT)
    serve(stub, "/a", b"", 302, Location="/far")
    serve(stub, "/round", b"", 302, Location="/round")
    assert get(stub, remote(f"{stub.url}/a")) == CONTENT
    with refused(Kind.BUSY):
        get(stub, remote(f"{stub.url}/round"))


def test_an_object_of_a_repository(stub: WesStub) -> None:
    assert get(stub, remote(drs(stub))) == CONTENT
    seen = stub.heads[-1]
    assert (seen["x-amz-meta-way"], seen["authorization"]) == ("1", "Basic eDp5")
    assert not {"x-http-method-override", "range", "x-smuggled", "x-amz-broken"} & set(seen)
    assert seen["host"] != "inside.example"


def test_an_object_by_the_id_of_its_way(stub: WesStub) -> None:
    methods = [
        {"type": "file", "access_url": {"url": "file:///etc/none"}},
        {"type": "https", "access_id": "way/1"},
    ]
    address = drs(stub, access_methods=methods)
    serve(stub, "/ga4gh/drs/v1/objects/o1/access/way%2F1", {"url": f"{stub.url}/bytes"})
    assert get(stub, remote(address)) == CONTENT


def test_an_object_that_is_made_ready_first(stub: WesStub) -> None:
    address = drs(stub)
    path = "/ga4gh/drs/v1/objects/o1"
    ready = stub.extra[path]
    stub.extra[path] = (202, {"Retry-After": "1"}, b"")
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        stub.extra[path] = ready

    family = Wes(looker=Looker(Pace(), sleep=at_once), sleep=wait)
    connection = Connection(service_id="x", base_url=stub.url)
    assert asyncio.run(fetch(family, connection, remote(address)))[0] == CONTENT
    assert waits == [1.0]


def test_an_object_with_another_checksum(stub: WesStub) -> None:
    address = drs(stub, checksums=[{"type": "sha-256", "checksum": "0" * 64}])
    with refused(Kind.NO_NETWORK) as problem:
        get(stub, remote(address))
    assert "SHA256" in problem().what_happened


def test_objects_without_a_way(stub: WesStub) -> None:
    for methods in ([], [{"type": "ftp"}], [{"type": "s3", "access_url": {"url": "s3://b/k"}}], None, "x"):
        with refused(Kind.REFUSED):
            get(stub, remote(drs(stub, access_methods=methods)))
    for address in ("drs://dg.4503:abc", "drs:///o1", "drs://127.0.0.1:1/"):
        with refused(Kind.REFUSED, Kind.NO_NETWORK):
            get(stub, remote(address))


def test_buckets_are_told_plainly(stub: WesStub) -> None:
    with refused(Kind.REFUSED) as problem:
        get(stub, remote("s3://bucket/out/chr1.dose.vcf.gz"))
    assert "aws s3 cp s3://bucket/out/chr1.dose.vcf.gz ." in problem().what_you_can_do


def test_files_of_the_servers_disk(stub: WesStub, tmp_path: Path) -> None:
    (tmp_path / "a b.vcf.gz").write_bytes(CONTENT)
    address = (tmp_path / "a b.vcf.gz").as_uri()
    assert get(stub, remote(address)) == CONTENT
    with refused(Kind.NOT_FOUND):
        get(stub, remote(f"file://{tmp_path}"))
    far = Connection(
        service_id="x", base_url="https://wes.example", setup={"paths": f"/srv/runs = {tmp_path}"}
    )
    assert mapped_path(far, "/srv/runs/a b.vcf.gz") == f"{tmp_path}/a b.vcf.gz"
    for wrong in ("/srv/runs/../x", "/srv/runsx/a", "/other"):
        assert mapped_path(far, wrong) is None
    family = Wes()
    with refused(Kind.REFUSED) as problem:
        asyncio.run(fetch(family, far, remote(address)))
    assert problem().title == "The service cannot deliver the result"


@pytest.mark.parametrize(
    ("how", "token", "header"),
    [
        ("bearer", "abc", {"Authorization": "Bearer abc"}),
        ("Basic", "me:secret", {"Authorization": "Basic bWU6c2VjcmV0"}),
        ("header X-Api-Key", "abc", {"X-Api-Key": "abc"}),
        ("none", "abc", {}),
        ("bearer", "", {}),
    ],
)
def test_ways_of_signing_in(how: str, token: str, header: dict[str, str]) -> None:
    connection = Connection(service_id="x", base_url="https://x", token=SecretStr(token), setup={"auth": how})
    assert auth_headers(connection) == header


@pytest.mark.parametrize(
    ("how", "token", "kind"),
    [
        ("bearer", "a b", Kind.SIGN_IN),
        ("bearer", "a\nb", Kind.SIGN_IN),
        ("basic", "no-colon", Kind.SIGN_IN),
        ("kerberos", "abc", Kind.INPUT),
        ("header X: y", "abc", Kind.INPUT),
    ],
)
def test_broken_ways_of_signing_in(how: str, token: str, kind: Kind) -> None:
    connection = Connection(service_id="x", base_url="https://x", token=SecretStr(token), setup={"auth": how})
    with pytest.raises(ProblemError) as caught:
        auth_headers(connection)
    assert caught.value.problem.kind is kind
    assert token not in caught.value.problem.model_dump_json()


def file_of(path: Path, content: bytes) -> DataFile:
    path.write_bytes(content)
    seen = path.stat()
    return DataFile(path=str(path), name=path.name, size=seen.st_size, modified=seen.st_mtime_ns)


def test_files_are_put_where_the_run_looks_for_them(stub: WesStub, tmp_path: Path) -> None:
    file = file_of(tmp_path / "a b.vcf.gz", CONTENT)
    seen: list[Progress] = []
    connection = Connection(service_id="x", base_url=stub.url)
    stored = ((file, f"{stub.url}/in/a b.vcf.gz"),)
    asyncio.run(put_files(connection, stored, "", tmp_path, seen.append))
    assert stub.extra["/in/a%20b.vcf.gz"][2] == CONTENT
    assert seen[-1].fraction == 1.0


def test_a_file_is_encrypted_for_the_service_alone(stub: WesStub, tmp_path: Path) -> None:
    lib = pytest.importorskip("crypt4gh.lib")
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    private = X25519PrivateKey.generate()
    text = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    pem = f"-----BEGIN CRYPT4GH PUBLIC KEY-----\n{text}\n-----END CRYPT4GH PUBLIC KEY-----\n"
    assert public_key(pem) == public_key(text)
    file = file_of(tmp_path / "a.vcf.gz", CONTENT * 100)
    connection = Connection(service_id="x", base_url=stub.url)
    folder = tmp_path / "work"
    folder.mkdir()
    stored = ((file, f"{stub.url}/in/a.vcf.gz.c4gh"),)
    asyncio.run(put_files(connection, stored, pem, folder, silent))
    assert list(folder.iterdir()) == []
    sent = stub.extra["/in/a.vcf.gz.c4gh"][2]
    assert sent.startswith(b"crypt4gh")
    assert CONTENT not in sent
    plain = BytesIO()
    lib.decrypt([(0, private.private_bytes_raw(), None)], BytesIO(sent), plain)
    assert plain.getvalue() == CONTENT * 100


def test_a_key_that_is_none_stops_everything(tmp_path: Path) -> None:
    for text in ("abc", "not base64!", base64.b64encode(b"x" * 31).decode()):
        with pytest.raises(ProblemError) as caught:
            public_key(text)
        assert caught.value.problem.kind is Kind.INPUT
    with pytest.raises(ProblemError) as caught:
        encrypted(DataFile(path=str(tmp_path / "gone"), name="gone", size=1, modified=1), b"k" * 32, tmp_path)
    assert caught.value.problem.kind is Kind.DISK


def test_a_store_that_refuses(stub: WesStub, tmp_path: Path) -> None:
    file = file_of(tmp_path / "a.vcf.gz", CONTENT)
    connection = Connection(service_id="x", base_url=stub.url)
    stub.stop()
    with pytest.raises(ProblemError) as caught:
        asyncio.run(put_files(connection, ((file, f"{stub.url}/in/a"),), "", tmp_path, silent))
    assert caught.value.problem.kind is Kind.NO_NETWORK


def test_consent_to_plain_http_at_the_service_is_none_for_a_store_elsewhere(tmp_path: Path) -> None:
    file = file_of(tmp_path / "a.vcf.gz", CONTENT)
    here = Connection(service_id="x", base_url="http://node.example:6000", plain_http_allowed=True)
    stored = ((file, "http://store.invalid/in/a.vcf.gz"),)
    with refused(Kind.REFUSED) as problem:
        asyncio.run(put_files(here, stored, "", tmp_path, silent))
    assert "store.invalid" in problem().what_happened
    named = here.model_copy(update={"setup": {"plain_http_hosts": "store.invalid"}})
    with refused(Kind.NO_NETWORK):
        asyncio.run(put_files(named, stored, "", tmp_path, silent))
