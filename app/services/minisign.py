"""Signatures of Minisign (Ed25519), checked with the key that a person was given.

Format: the documentation of Minisign. A public key is `Ed`, an id of 8 bytes and 32 bytes of key. A signature
file has a comment, `Ed` (of the file) or `ED` (of its BLAKE2b-512) with id and 64 bytes, a trusted comment,
and a signature over those 64 bytes and the trusted comment. Numbers are in Base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.domain.problem import Kind, ProblemError, problem

_TRUSTED = "trusted comment: "


class PublicKey(NamedTuple):
    """A key by its id, both as they stand in the key."""

    id: bytes
    key: bytes

    @property
    def name(self) -> str:
        """The id as Minisign shows it."""
        return self.id[::-1].hex().upper()


def public_key(text: str) -> PublicKey:
    """A key from its line, or from the whole file with its comment. ProblemError for anything else."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not _is_comment(line)]
    raw = _bytes(lines[0]) if len(lines) == 1 else b""
    if len(raw) != 42 or raw[:2] != b"Ed":
        raise problem(
            Kind.INPUT,
            "This is no public key",
            "A key of Minisign is one line of 56 signs that begins with RW.",
            "Copy it whole from the institution that signs the catalogue.",
        )
    return PublicKey(raw[2:10], raw[10:])


def _is_comment(line: str) -> bool:
    return line.startswith("untrusted comment:")


def verified(content: bytes, signature: str, key: PublicKey) -> str:
    """The trusted comment of a good signature; ProblemError (refused) for any other."""
    lines = signature.splitlines()
    if len(lines) < 4 or not lines[2].startswith(_TRUSTED):
        raise _refused("The signature file is not whole.")
    signed, comment, over_all = _bytes(lines[1]), lines[2][len(_TRUSTED) :], _bytes(lines[3])
    if len(signed) != 74 or len(over_all) != 64 or signed[:2] not in {b"Ed", b"ED"}:
        raise _refused("The signature file is not one of Minisign.")
    if signed[2:10] != key.id:
        raise _refused(f"It was signed with another key than {key.name}.")
    told = hashlib.blake2b(content).digest() if signed[:2] == b"ED" else content
    checker = Ed25519PublicKey.from_public_bytes(key.key)
    try:
        checker.verify(signed[10:], told)
        checker.verify(over_all, signed[10:] + comment.encode())
    except InvalidSignature:
        raise _refused(
            "The file was changed after it was signed, or the signature is of another file."
        ) from None
    return comment


def _bytes(line: str) -> bytes:
    try:
        return base64.b64decode(line.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _refused(what: str) -> ProblemError:
    return problem(
        Kind.REFUSED,
        "The catalogue is not signed as it should be",
        what,
        "Get catalogue and signature again from the institution; nothing was changed.",
    )
