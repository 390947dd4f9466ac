"""Addresses of a store with the signature that lets one write or read there.

The secret of a store is either the query that its operator signed for a whole folder (as Azure's shared
access signatures are), or an access key and a secret key, by which each address is signed here. Source of
the second: AWS Signature Version 4, query parameters (docs.aws.amazon.com, sigv4-query-string-auth); other
stores that speak S3 take it as well.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError, problem
from app.domain.redaction import register
from app.services.contract import Connection
from app.services.wes.setup import STORAGE_READ, STORAGE_REGION, STORAGE_SECRET, storage_of
from app.transport.address import authority

USUAL_REGION = "us-east-1"
WRITE_FOR = timedelta(hours=6)
READ_FOR = timedelta(days=7)  # no store signs for longer
_IN_A_PATH = "/%:@!$&'()*+,;=~"
_AMAZON = ".amazonaws.com"
_ALGORITHM, _SERVICE = "AWS4-HMAC-SHA256", "s3"


def plain_url(address: str) -> str:
    """An address of the store with everything quoted that may not stand in a request."""
    parts = urlsplit(address)
    return parts._replace(path=quote(parts.path, safe=_IN_A_PATH)).geturl()


def write_url(connection: Connection, address: str, at: datetime | None = None) -> str:
    """Where a file is put."""
    return _signed(connection, address, "PUT", WRITE_FOR, at)


def read_address(connection: Connection, address: str, at: datetime | None = None) -> str:
    """What the run is told: the bare address where the service has an access of its own, else a signed."""
    if not connection.setup.get(STORAGE_READ, "").strip() or STORAGE_SECRET not in connection.secrets:
        return address
    return _signed(connection, address, "GET", READ_FOR, at)


def has_keys(connection: Connection) -> bool:
    """Whether the secret of the store are keys, by which any address of it can be signed."""
    secret = connection.secrets.get(STORAGE_SECRET)
    return secret is not None and bool(storage_of(connection)) and bool(read_secret(secret)[1][0])


def bucket_url(connection: Connection, address: str) -> str | None:
    """The signed address of a file in the bucket of the store; None for other buckets, and without keys.

    A server names the file: it must not make us read whatever else these keys open.
    """
    parts, store = urlsplit(address), urlsplit(storage_of(connection))
    if parts.scheme != "s3" or not has_keys(connection):
        return None
    first = store.path.strip("/").partition("/")[0]
    host = store.hostname or ""
    own_host = host.endswith(_AMAZON) and not host.startswith(("s3.", "s3-"))
    bucket = host.partition(".")[0] if own_host else first
    if parts.netloc != bucket or ".." in parts.path.split("/"):
        return None
    place = parts.path if own_host else f"/{bucket}{parts.path}"
    return _signed(connection, f"{store.scheme}://{store.netloc}{place}", "GET", READ_FOR, None)


def _signed(
    connection: Connection, address: str, method: str, good_for: timedelta, at: datetime | None
) -> str:
    secret = connection.secrets.get(STORAGE_SECRET)
    if secret is None:
        return plain_url(address)
    query, keys = read_secret(secret)
    if query:
        return f"{plain_url(address)}?{query}"
    region = connection.setup.get(STORAGE_REGION, "").strip() or USUAL_REGION
    return _s3_signed(address, method, keys, region, good_for, at or datetime.now(UTC))


def read_secret(secret: SecretStr) -> tuple[str, tuple[str, str]]:
    """A query, or two keys; ProblemError (input) for what is neither, without a word of it."""
    text = secret.get_secret_value().strip().lstrip("?")
    name, mark, rest = text.partition(":")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise _neither()
    if mark and name and rest and "=" not in name:
        return "", (name, rest)
    if "=" not in text or "#" in text:
        raise _neither()
    return text, ("", "")


def _neither() -> ProblemError:
    return problem(
        Kind.INPUT,
        "Secret of the store",
        "It is neither what stands after the ? of a signed address nor two keys with a colon between",
        "Copy it again",
    )


def _s3_signed(
    address: str, method: str, keys: tuple[str, str], region: str, good_for: timedelta, at: datetime
) -> str:
    parts = urlsplit(address)
    path = quote(parts.path, safe="/%~")
    day, moment = f"{at:%Y%m%d}", f"{at:%Y%m%dT%H%M%SZ}"
    scope = f"{day}/{region}/{_SERVICE}/aws4_request"
    told = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{keys[0]}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(int(good_for.total_seconds())),
        "X-Amz-SignedHeaders": "host",
    }
    query = "&".join(f"{name}={quote(value, safe='~')}" for name, value in sorted(told.items()))
    request = "\n".join((method, path, query, f"host:{authority(parts)}", "", "host", "UNSIGNED-PAYLOAD"))
    key = f"AWS4{keys[1]}".encode()
    for word in (day, region, _SERVICE, "aws4_request"):
        key = hmac.digest(key, word.encode(), "sha256")
    text = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    register(signature)
    return parts._replace(path=path, query=f"{query}&X-Amz-Signature={signature}").geturl()
