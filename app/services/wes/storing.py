"""Files into a store, for servers that take none along; encrypted with Crypt4GH where the service has a key.

A store is anything that takes a file by PUT, such as an object store behind a gateway of the institution. The
run is told where each file lies. Format: Crypt4GH 1.0 (samtools.github.io/hts-specs/crypt4gh.pdf).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from app.domain.dataset import DataFile
from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report
from app.services.border import border
from app.services.contract import Connection
from app.services.wes.problems import problem_of
from app.services.wes.setup import plain_hosts
from app.services.wes.signing import write_url
from app.transport.address import is_loopback, origin, refuse_plain_http, same_host
from app.transport.put_file import PutFile, put_file

KEY_BYTES = 32
_DONE = frozenset({200, 201, 204})
_AZURE = ".blob.core.windows.net"
"""Its store wants to be told what kind of thing is put; no other store knows the header."""


async def put_files(
    connection: Connection, stored: tuple[tuple[DataFile, str], ...], key: str, folder: Path, report: Report
) -> None:
    """Put every file where the run will look for it; `key` is the public key of the service, empty for none.

    `folder` takes the encrypted copies, one at a time. A file that lies there already is replaced: its name
    carries the job's own, so it can only be ours.
    """
    public = public_key(key) if key else None
    total = sum(file.size for file, _ in stored)
    before = 0
    for file, address in stored:
        _refuse_plain(connection, address)
        sent = file if public is None else await asyncio.to_thread(encrypted, file, public, folder)
        await _put(sent, address, write_url(connection, address), _shifted(report, before, total))
        if public is not None:
            await asyncio.to_thread(os.unlink, sent.path)
        before += file.size


def _refuse_plain(connection: Connection, address: str) -> None:
    """Consent to plain HTTP is for the host of the service; a store elsewhere needs one of its own."""
    host = (urlsplit(address).hostname or "").lower()
    near = same_host(connection.base_url, address) or is_loopback(address)
    if urlsplit(address).scheme == "http" and not near and host not in plain_hosts(connection):
        raise problem(
            Kind.REFUSED,
            "The store is not encrypted",
            f"Genotypes would travel readable to {origin(address)}, so nothing was sent",
            "Use its https address, or name its host among those without encryption in the settings of the "
            "service, if your network is trusted",
            subject=origin(address),
        )
    refuse_plain_http(address, allowed=connection.plain_http_allowed)


async def _put(file: DataFile, address: str, url: str, report: Report) -> None:
    """`url` is `address` with what lets one write there: it stands in no message."""
    headers = {"x-ms-blob-type": "BlockBlob"} if (urlsplit(url).hostname or "").endswith(_AZURE) else {}
    with border(origin(address)):
        reply = await put_file(PutFile(url, file, headers=headers), report)
    if reply.status in _DONE:
        return
    if reply.status in {401, 403}:
        raise problem(
            Kind.REFUSED,
            "The store does not take the file",
            f"It answered with status {reply.status}, so nothing was sent to the service",
            "See that the store and its secret in the settings of the service are right and not over",
            subject=file.name,
        )
    raise problem_of(reply, file.name)


def _shifted(report: Report, before: int, total: int) -> Callable[[Progress], None]:
    """The progress of one file as a part of all."""

    def tell(progress: Progress) -> None:
        done = min(total, before + progress.done)
        report(replace(progress, done=done, total=total))

    return tell


def public_key(text: str) -> bytes:
    """The 32 bytes of a public key: a whole key file, or only the line in it."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip() and "-----" not in line]
    try:
        raw = base64.b64decode("".join(lines), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise problem(
            Kind.INPUT,
            "The public key cannot be used",
            "It is no public key of Crypt4GH, so the files would be sent unencrypted; nothing was sent",
            "Get the key from the operator of the service again",
        )
    return raw


def encrypted(file: DataFile, recipient: bytes, folder: Path) -> DataFile:
    """A copy of a file that only the owner of the key can read; the key of this side is thrown away."""
    try:
        from crypt4gh.lib import encrypt
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    except ImportError:
        raise problem(
            Kind.REFUSED,
            "The files cannot be encrypted",
            "The service has a key, and the package crypt4gh is not installed; nothing was sent",
            "Install it: pip install crypt4gh",
        ) from None
    path = folder / (Path(file.name).name + ".c4gh")
    try:
        with open(file.path, "rb") as source, path.open("wb") as target:
            own = X25519PrivateKey.generate().private_bytes_raw()
            encrypt([(0, own, recipient)], source, target)
        seen = path.stat()
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The file could not be encrypted",
            f"{file.name}: {error.strerror or error}",
            "Free some space on the disk",
            subject=file.name,
        ) from error
    return DataFile(path=str(path), name=path.name, size=seen.st_size, modified=seen.st_mtime_ns)
