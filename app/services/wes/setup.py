"""What a user said about a server when it was added: `Connection.setup`, read in one place."""

from __future__ import annotations

import base64
import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from app.domain.problem import Kind, ProblemError, problem
from app.services.contract import Connection
from app.transport.address import origin, refuse_plain_http, refuse_redirect

AUTH, PATHS, STORAGE, SIGNED, CRYPT_KEY, WORKFLOWS = (
    "auth",
    "paths",
    "storage",
    "signed_results",
    "crypt4gh_key",
    "workflows",
)
STORAGE_SECRET, STORAGE_REGION, STORAGE_READ = "storage_secret", "storage_region", "storage_read"
PLAIN_HOSTS = "plain_http_hosts"
"""The names in `setup`: how the token is sent (`bearer`, `basic`, `header NAME`, `none`), where paths of the
server are seen here (`/srv/runs=/mnt/runs`, several apart by new lines), the address of a store that takes
files by PUT, `yes` where the operator hands results out by signed addresses, a public key of Crypt4GH, and
the ids of the workflows to offer, apart by commas. Of the store further: its secret (in the keyring), its
region, and `signed` where the service reads by addresses that are signed for it. Last the hosts beside
that of the service to which consent to plain HTTP extends.
"""
_YES = frozenset({"yes", "true", "1", "on"})


def auth_headers(connection: Connection) -> dict[str, str]:
    """The header that tells who asks, if there is a token; ProblemError (sign-in, input) for a broken one."""
    how = connection.setup.get(AUTH, "bearer").strip()
    token = connection.token.get_secret_value().strip() if connection.token is not None else ""
    if not token or how.lower() == "none":
        return {}
    if not token.isascii() or not token.isprintable():
        raise _no_token()
    if how.lower() == "bearer":
        if " " in token:
            raise _no_token()
        return {"Authorization": f"Bearer {token}"}
    if how.lower() == "basic":
        if ":" not in token:
            raise _no_pair()
        return {"Authorization": "Basic " + base64.b64encode(token.encode()).decode()}
    return {_header_name(how): token}


def _header_name(how: str) -> str:
    word, _, name = how.partition(" ")
    named = name.strip()
    if word.lower() != "header" or not named.isascii() or not named.replace("-", "").isalnum():
        raise problem(
            Kind.INPUT,
            "The way of signing in is not known",
            f"The service is set to sign in by “{how[:60]}”",
            "Choose bearer, basic, none, or header and the name of the header, such as header X-Api-Key",
        )
    return named


def _no_token() -> ProblemError:
    return problem(
        Kind.SIGN_IN,
        "This is not a token",
        "The text holds blanks or characters that no token has",
        "Copy the token again",
    )


def _no_pair() -> ProblemError:
    return problem(
        Kind.SIGN_IN,
        "A name and a password are needed",
        "This service signs in by name and password, and what was entered has no colon between the two",
        "Enter them as name:password",
    )


def mapped_path(connection: Connection, server_path: str) -> str | None:
    """Where a path of the server is seen on this computer, by the user's mapping; None where it is not.

    A path with `..` is never mapped: it could lead out of the folder that was meant.
    """
    path = PurePosixPath(server_path)
    if ".." in path.parts:
        return None
    for line in connection.setup.get(PATHS, "").splitlines():
        there, _, here = line.partition("=")
        there, here = there.strip().rstrip("/"), here.strip()
        if not there or not here:
            continue
        try:
            rest = path.relative_to(there)
        except ValueError:
            continue
        return str(PurePosixPath(here) / rest) if "\\" not in here else here + "\\" + str(rest)
    return None


def has_mapping(connection: Connection) -> bool:
    """Whether any path of the server is seen here."""
    return "=" in connection.setup.get(PATHS, "")


def storage_of(connection: Connection) -> str:
    """The address of the store, without a slash at its end; empty for none."""
    return connection.setup.get(STORAGE, "").strip().rstrip("/")


def crypt_key_of(connection: Connection, told: str) -> str:
    """The public key of Crypt4GH: as the person said it, else as the service told it; empty for none."""
    return connection.setup.get(CRYPT_KEY, "").strip() or told


def plain_hosts(connection: Connection) -> frozenset[str]:
    """Further hosts to which a person allowed plain HTTP."""
    named = re.split(r"[,;\s]+", connection.setup.get(PLAIN_HOSTS, "").lower())
    return frozenset(each for each in named if each)


def refuse_elsewhere(connection: Connection, url: str) -> None:
    """ProblemError (refused) for an address that the service names and that is not safe to ask."""
    base, allowed = connection.base_url, connection.plain_http_allowed
    if origin(url) == origin(base):
        refuse_plain_http(url, allowed=allowed)
    else:
        refuse_redirect(base, url, allowed=allowed, hosts=plain_hosts(connection))


def hands_out_signed(connection: Connection) -> bool:
    """Whether its operator said that results come by signed addresses."""
    return connection.setup.get(SIGNED, "").strip().lower() in _YES


def wanted_workflows(connection: Connection) -> frozenset[str]:
    """The ids of the workflows to offer; empty for all that fit."""
    return frozenset(each.strip() for each in connection.setup.get(WORKFLOWS, "").split(",") if each.strip())


def path_of(address: str) -> str | None:
    """The path of a `file:` address or of a bare absolute one; None for anything else."""
    if address.startswith("/"):
        return address
    parts = urlsplit(address)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        return None
    return unquote(parts.path)


def mapped_relative(connection: Connection, path: str, run: str) -> str | None:
    """Where a relative path of WESkit is seen here: below its data folder, which the mapping names."""
    if not run or ".." in PurePosixPath(path).parts or ".." in run or "/" in run:
        return None
    for line in connection.setup.get(PATHS, "").splitlines():
        here = line.partition("=")[2].strip()
        if here:
            return str(PurePosixPath(here) / run[:4] / run / path)
    return None
