"""Finds out whether a folder is still what its crate says: any byte changed, any file missing or added."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from app.domain.crate import CrateFault, CrateProof, FaultKind
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report
from app.domain.result_report import OutputFact
from app.results.crate.building import manifest
from app.results.crate.crate_files import MANIFEST, METADATA
from app.results.crate.entities import NO_DIGEST, file_id, path_of, place_elsewhere
from app.results.crate.hashing import files_below, sha256_of

_MOST_BYTES = 256 << 20


def prove_crate(folder: Path, result: Path | None, report: Report) -> CrateProof:
    """Read every file of a folder with a crate. ProblemError when there is none or it cannot be read.

    `result` is the folder with the files of a detached crate; without it only the crate itself is proved and
    they count as unproved.
    Where the metadata itself is not as it was, the hashes of the manifest count, so that no other file is
    blamed for it.
    """
    told = _read(folder)
    files, unproved, faults = _books(folder, told)
    faults += _file_faults(folder, files, report)
    elsewhere = [] if any(each.path == METADATA for each in faults) else _elsewhere(_entities(told))
    if result is not None:
        faults += _faults_elsewhere(result, elsewhere, report)
        files += elsewhere
    else:
        unproved += [each.path for each in elsewhere]
    known = {METADATA, MANIFEST, *(each.path for each in files), *unproved}
    words = "The crate does not know it."
    faults += [
        CrateFault(path=each, kind=FaultKind.ADDED, words=words)
        for each in files_below(folder)
        if each not in known
    ]
    return CrateProof(
        folder=str(folder),
        by=METADATA,
        files=len(files),
        bytes=sum(each.size for each in files),
        faults=tuple(faults),
        unproved=tuple(each for each in unproved if each != MANIFEST),
    )


def _books(folder: Path, told: bytes) -> tuple[list[OutputFact], list[str], list[CrateFault]]:
    """The files with their hashes, those without, and what is wrong with the metadata and the manifest."""
    held = _manifest(folder)
    try:
        entities = _entities(told)
    except ValueError:
        fault = CrateFault(path=METADATA, kind=FaultKind.CHANGED, words="It is no crate any more.")
        return _from_manifest(folder, held), [], [fault]
    files, unproved = _listed(entities)
    fault_of_own = _own_fault(told, entities, files, held)
    if fault_of_own is None:
        return files, unproved, []
    if fault_of_own.path == METADATA and held:
        return _from_manifest(folder, held), unproved, [fault_of_own]
    return files, unproved, [fault_of_own]


def prove_files(folder: Path, files: Sequence[OutputFact], report: Report) -> CrateProof:
    """The same by hashes that are known otherwise; what else is in the folder does not matter."""
    faults = tuple(_file_faults(folder, files, report))
    size = sum(each.size for each in files)
    return CrateProof(folder=str(folder), by="records", files=len(files), bytes=size, faults=faults)


def _read(folder: Path) -> bytes:
    path = folder / METADATA
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise OSError(f"{METADATA} is too large")
        return path.read_bytes()
    except OSError as error:
        raise problem(
            Kind.NOT_FOUND,
            "There is no crate to verify",
            f"{METADATA} in {folder} cannot be read: {error.strerror or error}.",
            "Make one by 'results report DIR --crate'.",
            subject=folder.name,
        ) from error


def _entities(told: bytes) -> list[dict[str, object]]:
    """The entities of a metadata file. ValueError when it is none."""
    try:
        content = json.loads(told)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    found = content.get("@graph") if isinstance(content, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError("no graph")
    return found


def _listed(entities: Iterable[dict[str, object]]) -> tuple[list[OutputFact], list[str]]:
    """Files of the crate with their hashes, and those without; files elsewhere are left out."""
    files, unproved = list[OutputFact](), list[str]()
    for each in entities:
        kinds, identifier = each.get("@type"), str(each.get("@id", ""))
        if "File" not in (kinds if isinstance(kinds, list) else [kinds]) or _is_elsewhere(identifier):
            continue
        path, digest, size = path_of(identifier), each.get("sha256"), str(each.get("contentSize", ""))
        if isinstance(digest, str) and size.isdecimal() and size.isascii() and len(size) < 20:
            files.append(OutputFact(path=path, size=int(size), sha256=digest))
        else:
            unproved.append(path)
    return files, unproved


def _elsewhere(entities: Iterable[dict[str, object]]) -> list[OutputFact]:
    """The files of the result of a detached crate."""
    found = []
    for each in entities:
        path, size = place_elsewhere(str(each.get("@id", ""))), str(each.get("contentSize", ""))
        if path is not None and size.isdecimal() and size.isascii() and not _is_elsewhere(file_id(path)):
            found.append(OutputFact(path=path, size=int(size), sha256=str(each.get("sha256"))))
    return found


def _faults_elsewhere(folder: Path, files: Sequence[OutputFact], report: Report) -> Iterator[CrateFault]:
    yield from _file_faults(folder, files, report)
    known = {each.path for each in files}
    for name in files_below(folder):
        if name not in known:
            yield CrateFault(path=name, kind=FaultKind.ADDED, words="The crate does not know it.")


def _is_elsewhere(identifier: str) -> bool:
    """Whether an identifier names a file outside of the folder; such are never opened."""
    path = PurePosixPath(path_of(identifier))
    windows = "\\" in str(path) or (len(str(path)) > 1 and str(path)[1] == ":")
    return ":" in identifier or path.is_absolute() or ".." in path.parts or windows or not path.parts


def _own_fault(
    told: bytes, entities: Iterable[dict[str, object]], files: Iterable[OutputFact], held: bytes | None
) -> CrateFault | None:
    """The metadata against its own hash, the manifest against both; a crate of somebody else has neither."""
    digest = next((each.get("value") for each in entities if each.get("@id") == "#digest"), None)
    if not isinstance(digest, str):
        return None if held is None else _changed(METADATA, "It lacks the hash of itself.")
    plain = told.replace(digest.encode("utf-8", "replace"), NO_DIGEST.encode(), 1)
    if hashlib.sha256(plain).hexdigest() != digest:
        return _changed(METADATA, "It does not fit the hash that it holds.")
    if held is None:
        return CrateFault(path=MANIFEST, kind=FaultKind.MISSING)
    if held != manifest({each.path: each.sha256 or "" for each in files}, told):
        return _changed(MANIFEST, "It does not fit the metadata.")
    return None


def _changed(path: str, words: str) -> CrateFault:
    return CrateFault(path=path, kind=FaultKind.CHANGED, words=words)


def _manifest(folder: Path) -> bytes | None:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError:
        return None


def _from_manifest(folder: Path, held: bytes | None) -> list[OutputFact]:
    """The files of a manifest in the sizes that they have now; lines that are none are passed over."""
    found = []
    for line in (held or b"").splitlines():
        digest, _, name = line.removeprefix(b"\\").partition(b"  ")
        path = name.decode("utf-8", "surrogateescape")
        if line.startswith(b"\\"):
            path = path.replace("\\n", "\n").replace("\\r", "\r").replace("\\\\", "\\")
        if path in ("", METADATA) or _is_elsewhere(file_id(path)):
            continue
        there = folder / path
        size = there.stat().st_size if there.is_file() else 0
        found.append(OutputFact(path=path, size=size, sha256=digest.decode("ascii", "replace")))
    return found


def _file_faults(folder: Path, files: Sequence[OutputFact], report: Report) -> Iterator[CrateFault]:
    total, done = sum(each.size for each in files), 0
    for each in files:
        told = Progress(done=done, total=total, step=f"Reading {PurePosixPath(each.path).name}")
        done += each.size
        fault = _fault(folder / each.path, each, report, told)
        if fault is not None:
            yield fault


def _fault(path: Path, fact: OutputFact, report: Report, told: Progress) -> CrateFault | None:
    try:
        size = path.stat().st_size
    except OSError:
        return CrateFault(path=fact.path, kind=FaultKind.MISSING)
    if size != fact.size:
        words = f"It has {size:,} bytes instead of {fact.size:,}."
        return _changed(fact.path, words)
    try:
        same = sha256_of(path, report, told) == fact.sha256
    except ProblemError as error:
        return _changed(fact.path, error.problem.what_happened)
    words = "Its content is another one, though its size is the same."
    return None if same else _changed(fact.path, words)
