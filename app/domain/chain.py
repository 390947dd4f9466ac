"""Chain files, by which positions are moved from one genome build to another."""

from __future__ import annotations

from datetime import datetime

from app.domain.model import Model


class ChainOffer(Model):
    """A chain file that can be downloaded, as it is shown before the user agrees.

    `size` is about the bytes that come. `text_sha256` is of the unpacked text, empty when it is not known;
    `confirmed` says that it was compared with a checksum published elsewhere, and a file with another one
    is refused.
    """

    id: str
    name: str
    from_build: str
    to_build: str
    address: str
    size: int
    text_sha256: str = ""
    confirmed: bool = False
    terms: str = ""
    terms_address: str = ""


class ChainFile(Model):
    """A chain file on this computer.

    `sha256` is of the file, `text_sha256` of its unpacked text. `origin` is `given` or the name of who offers
    it. `as_known` is whether the text is the one that the offer names, None when nothing is known of it.
    """

    id: str
    from_build: str
    to_build: str
    name: str
    path: str
    size: int
    sha256: str
    text_sha256: str
    origin: str = "given"
    as_known: bool | None = None
    added: datetime
