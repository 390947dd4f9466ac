"""Secrets from standard input, one a line: arguments can be read by others."""

from __future__ import annotations

import sys

import typer
from pydantic import SecretStr

LONGEST = 20_000


def read_secret(what: str) -> SecretStr:
    """One line of standard input, asked for without an echo on a terminal."""
    stream = sys.stdin
    if stream is None:
        raise typer.BadParameter(f"there is no standard input to read the {what} from")
    if stream.isatty():
        import getpass

        text = getpass.getpass(f"{what.capitalize()}: ")
    else:
        text = stream.readline(LONGEST)
    text = text.rstrip("\r\n")
    if not text.strip():
        raise typer.BadParameter(f"standard input holds no {what}")
    return SecretStr(text)


def optional_secret(wanted: bool, what: str) -> SecretStr | None:
    """The secret when it was asked for by an option."""
    return read_secret(what) if wanted else None
