"""What a person may say of a server of WES that cannot tell it: `abilities.TakesSetup`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.domain.parameter import Choice, Parameter, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.domain.residency import STORE_COUNTRY, countries
from app.services.wes.setup import (
    AUTH,
    CRYPT_KEY,
    PATHS,
    PLAIN_HOSTS,
    SIGNED,
    STORAGE,
    STORAGE_READ,
    STORAGE_REGION,
    STORAGE_SECRET,
    WORKFLOWS,
)
from app.services.wes.signing import USUAL_REGION, read_secret
from app.services.wes.storing import public_key

_AUTH = re.compile(r"bearer|basic|none|header +[A-Za-z0-9-]+", re.IGNORECASE)
SETUP_FIELDS = (
    Parameter(
        id=AUTH,
        label="How one signs in",
        type=ParameterType.TEXT,
        default="bearer",
        pattern=_AUTH.pattern,
        help="bearer, basic (name:password as the token), none, or header and its name: header X-Api-Key.",
    ),
    Parameter(
        id=PATHS,
        label="Folders of the server that are seen here",
        type=ParameterType.TEXTAREA,
        help="One a line: /srv/runs=/mnt/runs. Needed where the server leaves results on its own disk.",
    ),
    Parameter(
        id=SIGNED,
        label="Results by signed addresses",
        type=ParameterType.CHOICE,
        choices=(Choice(key="", label="Not known"), Choice(key="yes", label="Its operator says so")),
        help="Some servers hand results out from an object store, and do not say so.",
    ),
    Parameter(
        id=STORAGE,
        label="Store for the files to be sent",
        type=ParameterType.TEXT,
        help="An address that takes files by PUT and that the server reads, where it takes none along.",
    ),
    Parameter(
        id=STORAGE_SECRET,
        label="Secret of the store",
        type=ParameterType.SECRET,
        help="What stands after the ? of its signed addresses, or access key:secret key of an S3 store.",
    ),
    Parameter(
        id=STORAGE_READ,
        label="How the service reads the store",
        type=ParameterType.CHOICE,
        choices=(
            Choice(key="", label="By an access of its own"),
            Choice(key="signed", label="By signed addresses, which are sent to it with the run"),
        ),
        help="Signed addresses stand in the run at the service, and let their readers in until they end.",
    ),
    Parameter(
        id=STORAGE_REGION,
        label="Region of an S3 store",
        type=ParameterType.TEXT,
        default=USUAL_REGION,
        help="As its operator names it; only for access key and secret key.",
    ),
    Parameter(
        id=STORE_COUNTRY,
        label="Country of the store",
        type=ParameterType.TEXT,
        help="Its code of two letters, such as ZA. Without it, data under a rule do not go into the store.",
    ),
    Parameter(
        id=CRYPT_KEY,
        label="Public key of the service (Crypt4GH)",
        type=ParameterType.TEXTAREA,
        help="Files in the store are encrypted with it; only the service can read them.",
    ),
    Parameter(
        id=PLAIN_HOSTS,
        label="Further hosts without encryption",
        type=ParameterType.TEXT,
        help="With which files may travel by plain HTTP too, if that is allowed for the service at all.",
    ),
    Parameter(
        id=WORKFLOWS,
        label="Workflows to offer",
        type=ParameterType.TEXT,
        help="Their ids with commas between; empty for all that the server can run.",
    ),
)


def check_setup(setup: Mapping[str, str]) -> None:
    """ProblemError (input) for what makes no sense."""
    auth = setup.get(AUTH, "").strip()
    if auth and not _AUTH.fullmatch(auth):
        raise _wrong("How one signs in", f"“{auth[:60]}” is none of bearer, basic, none, header NAME")
    for line in setup.get(PATHS, "").splitlines():
        there, mark, here = (part.strip() for part in line.partition("="))
        if line.strip() and not (mark and there.startswith("/") and here):
            raise _wrong("Folders of the server", f"“{line.strip()[:80]}” is not /there=/here")
    storage = setup.get(STORAGE, "").strip()
    parts = urlsplit(storage)
    if storage and (parts.scheme not in {"https", "http"} or not parts.hostname or parts.query):
        raise _wrong(
            "Store for the files",
            "It has to be an address such as https://store.example.org/incoming, without a secret in it: "
            "what stands after a ? belongs into the field for it",
        )
    _check_secret(setup)
    for code in filter(None, re.split(r"[,;\s]+", setup.get(STORE_COUNTRY, ""))):
        if code.upper() not in countries():
            raise _wrong("Country of the store", f"“{code[:60]}” is no code of a country, such as ZA")
    if setup.get(CRYPT_KEY, "").strip():
        public_key(setup[CRYPT_KEY])


def _check_secret(setup: Mapping[str, str]) -> None:
    secret = setup.get(STORAGE_SECRET, "")
    if secret:
        read_secret(SecretStr(secret))
        if not setup.get(STORAGE, "").strip():
            raise _wrong("Secret of the store", "There is a secret, and no store that it is for")
    if setup.get(STORAGE_READ, "").strip() and not secret:
        raise _wrong("How the service reads the store", "Without a secret of the store nothing can be signed")
    region = setup.get(STORAGE_REGION, "").strip()
    if region and not re.fullmatch(r"[A-Za-z0-9-]{1,60}", region):
        raise _wrong("Region of an S3 store", f"“{region[:60]}” is no name of a region")


def _wrong(label: str, what: str) -> ProblemError:
    return problem(Kind.INPUT, label, what, "Correct it")
