"""The result files of a run, whatever shape a server gives them. Source: ga4gh.md 5.

`outputs` is a free object: it is walked, and every leaf that names a file becomes one, in the first place it
is met. Which of them are wanted is said by patterns where a server lists every file of a run.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from pydantic import SecretStr

from app.domain.job import LOG_GROUP, JobFile
from app.domain.model import Model
from app.services.contract import RemoteFile
from app.services.plain_text import plain_name
from app.services.wes.node import Node

ERROR_FILE = "fedimpute_error.json"
EXPECTED = (
    "*.dose.vcf.gz",
    "*.empiricalDose.vcf.gz",
    "*imputed*.vcf.gz",
    "*imputed*.bcf",
    "*.tbi",
    "*.csi",
    "*.info",
    "*.info.gz",
    "*.zip",
    "*.md5",
    "*report*.html",
    "*statistics*.txt",
    ERROR_FILE,
)
_HIDDEN = re.compile(r"(^|/)(work|\.nextflow|\.snakemake|\.weskit|tmp)/")
_MOST_FILES = 10_000
_DEEPEST = 30


class Leaf(Model):
    """A file that a run left. `name` may have folders; `address` is what the server says of its place."""

    name: str
    address: str
    size: int | None = None
    checksum: str = ""


def leaves(told: Any, depth: int = 0) -> Iterator[Leaf]:
    """All files in a tree of outputs, in its order."""
    if depth > _DEEPEST:
        return
    if isinstance(told, str):
        if told.strip():
            yield Leaf(name=_name_of(told), address=told.strip())
    elif isinstance(told, list):
        for each in told:
            yield from leaves(each, depth + 1)
    elif isinstance(told, dict):
        own = _of_object(told)
        if own is not None:
            yield own
        inner = _INNER if own is not None or _is_folder(told) else tuple(told)
        for name in inner:
            if name in told:
                yield from leaves(told[name], depth + 1)


_INNER = ("secondaryFiles", "listing")


def _is_folder(told: Mapping[str, Any]) -> bool:
    return told.get("class") == "Directory" and isinstance(told.get("listing"), list)


def _of_object(told: Mapping[str, Any]) -> Leaf | None:
    """A CWL File, or a pair of name and address; a folder without a list is a leaf that cannot be fetched."""
    address = _text(told, "file_url", "url", "location", "path")
    is_file = told.get("class") == "File" or "file_url" in told or ("url" in told and "name" in told)
    if not address or not is_file or _is_folder(told):
        return None
    size = told.get("size")
    name = _text(told, "file_name", "basename", "name") or _name_of(address)
    return Leaf(
        name=_safe_name(name),
        address=address,
        size=size if type(size) is int and size >= 0 else None,
        checksum=_text(told, "checksum"),
    )


def _text(told: Mapping[str, Any], *names: str) -> str:
    return next(
        (told[name].strip() for name in names if isinstance(told.get(name), str) and told[name].strip()), ""
    )


def _name_of(address: str) -> str:
    """The last part of an address; a relative path keeps its folders."""
    if "://" in address:
        return _safe_name(unquote(urlsplit(address).path.rstrip("/").rpartition("/")[2]) or "file")
    return _safe_name(address.rstrip("/").rpartition("/")[2] if address.startswith("/") else address)


def _safe_name(name: str) -> str:
    parts = [each for each in plain_name(name).replace("\\", "/").split("/") if each not in {"", ".", ".."}]
    return "/".join(parts) or "file"


def wanted_leaves(told: Any, node: Node, patterns: tuple[str, ...]) -> list[Leaf]:
    """The leaves to fetch, each name once: the workflow's own results."""
    signed, rest = _weskit_parts(told) if not node.dialect.own_only else ((), told)
    found: dict[str, Leaf] = {}
    for leaf in (*signed, *leaves(rest)):
        if not node.dialect.own_only and not _expected(leaf, patterns or EXPECTED):
            continue
        if not _names_a_file(leaf) or len(found) >= _MOST_FILES:
            continue
        found.setdefault(_flat_name(leaf, node), leaf)
    return [leaf.model_copy(update={"name": name}) for name, leaf in found.items()]


def _flat_name(leaf: Leaf, node: Node) -> str:
    return leaf.name if node.dialect.own_only else leaf.name.rpartition("/")[2]


def _weskit_parts(told: Any) -> tuple[tuple[Leaf, ...], Any]:
    """Signed addresses first: `outputs.S3`; the paths of `outputs.filesystem` only tell the rest."""
    if not isinstance(told, dict):
        return (), told
    signed = tuple(leaves(told.get("S3"))) if told.get("S3") else ()
    return signed, {name: each for name, each in told.items() if name != "S3"}


def _names_a_file(leaf: Leaf) -> bool:
    """WDL maps hold plain values as well: a word that is neither an address nor a name with an ending."""
    return "://" in leaf.address or leaf.address.startswith("/") or "." in leaf.name


def _expected(leaf: Leaf, patterns: tuple[str, ...]) -> bool:
    place = leaf.address if "://" not in leaf.address else urlsplit(leaf.address).path
    if _HIDDEN.search(place.lstrip("/") if "://" not in leaf.address else leaf.name):
        return False
    base = leaf.name.rpartition("/")[2]
    return any(fnmatch.fnmatchcase(base, pattern) for pattern in patterns)


def remote_files(found: list[Leaf], node: Node, run_id: str) -> tuple[RemoteFile, ...]:
    """The files with their way in. The error file of FedImpute is for the program, not for the folder."""
    return tuple(
        RemoteFile(
            file=JobFile(
                name=leaf.name,
                group=LOG_GROUP if leaf.name.rpartition("/")[2] == ERROR_FILE else "output",
                size_text=f"{leaf.size} bytes" if leaf.size is not None else "",
                downloads_left=-1,
            ),
            locator=_locator(leaf, node, run_id),
        )
        for leaf in found
    )


def _locator(leaf: Leaf, node: Node, run_id: str) -> SecretStr:
    told = {"address": address_of(leaf, node, run_id), "checksum": leaf.checksum, "run": run_id}
    return SecretStr(json.dumps(told))


def address_of(leaf: Leaf, node: Node, run_id: str) -> str:
    """The address to ask: a server that lists its own is asked where we reach it, not where it says it is."""
    own = f"{node.base}/runs/{quote(run_id, safe='')}/outputs/"
    if node.dialect_key == "sapporo" and "/outputs/" in leaf.address:
        return own + quote(leaf.name)
    if node.dialect_key == "fedimpute" and "://" not in leaf.address:
        return own + quote(leaf.name)
    if "://" in leaf.address or leaf.address.startswith("/"):
        return leaf.address
    if node.dialect_key == "toil":
        return urljoin(f"{node.base}/runs/{run_id}", leaf.address)
    return leaf.address


def patterns_of(outputs: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns of a template, and the error file that is always wanted."""
    return (*outputs, ERROR_FILE) if outputs else ()
