"""The catalogue of services, with what institutions add, lock and hide by signed catalogues of their own.

A signed catalogue lies in the data folder as it came, with its signature and the key that a person gave for
it, and is verified every time it is read.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.job import Event
from app.domain.model import Model
from app.domain.preset import Catalogue, Preset
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.operations.desk import Desk
from app.services import catalogue
from app.services.minisign import PublicKey, public_key, verified

FOLDER = "catalogues"
LARGEST = 4_000_000
_CATALOGUE, _SIGNATURE, _KEY = "catalogue.json", "catalogue.json.minisig", "key.pub"


class Installed(Model):
    """A catalogue of an institution in the data folder; `problem` says why it is not used."""

    key: str
    catalogue: Catalogue | None = None
    comment: str = ""
    problem: Problem | None = None


async def known_presets(desk: Desk) -> tuple[Preset, ...]:
    """All presets, those of institutions first; a catalogue that was tampered with is left out."""
    return await asyncio.to_thread(presets_of, desk.home)


def presets_of(home: Path) -> tuple[Preset, ...]:
    """As `known_presets`, of a data folder that need not exist."""
    found = _installed(home / FOLDER)
    return catalogue.with_institutions(
        catalogue.presets(), (each.catalogue for each in found if each.catalogue is not None)
    )


async def known_preset(desk: Desk, preset_id: str) -> Preset | None:
    """A preset by its id, unless an institution hides it."""
    return next((each for each in await known_presets(desk) if each.id == preset_id), None)


async def hidden_addresses(desk: Desk) -> frozenset[str]:
    """The addresses of services that an institution hides: they are not to be added by address either."""
    shown = {each.id for each in await known_presets(desk)}
    hidden = (each for each in catalogue.presets() if each.id not in shown)
    return frozenset(address for each in hidden for address in (each.base_url, *each.alt_urls) if address)


async def installed_catalogues(desk: Desk) -> tuple[Installed, ...]:
    """The catalogues in the data folder, verified now."""
    return await asyncio.to_thread(_installed, desk.home / FOLDER)


def _installed(folder: Path) -> tuple[Installed, ...]:
    with contextlib.suppress(FileNotFoundError):
        return tuple(_read(each) for each in sorted(folder.iterdir()) if each.is_dir())
    return ()


def _read(folder: Path) -> Installed:
    try:
        key = public_key((folder / _KEY).read_text("utf-8"))
        if key.name != folder.name:
            raise problem(Kind.REFUSED, "The key was exchanged", f"{folder.name} holds the key {key.name}.")
        content = (folder / _CATALOGUE).read_bytes()
        comment = verified(content, (folder / _SIGNATURE).read_text("utf-8"), key)
        found = catalogue.read_catalogue(content, folder.name)
    except ProblemError as error:
        return Installed(key=folder.name, problem=error.problem)
    except (OSError, UnicodeDecodeError) as error:
        what = f"It cannot be read ({type(error).__name__})."
        told = Problem(kind=Kind.DISK, title="The catalogue cannot be read", what_happened=what)
        return Installed(key=folder.name, problem=told)
    return Installed(key=key.name, catalogue=found, comment=comment)


async def install_catalogue(desk: Desk, path: Path, key: str) -> Changes:
    """Verify a catalogue by a key and the signature beside it (its name with `.minisig`), and keep it.

    It takes the place of an older one of the same key; one that is older than what is there is refused: it
    may be brought back by somebody who wants a service that was hidden since. Raises ProblemError, and then
    nothing is changed.
    """
    from app.operations.institution_stop import told_of_stops  # it reads catalogues itself

    known = public_key(key)
    content, signature = await asyncio.to_thread(_given, path)
    verified(content, signature, known)
    found = catalogue.read_catalogue(content, path.name)
    _refuse_unnamed(found, path)
    async with told_of_stops(desk):
        folder = desk.home / FOLDER / known.name
        await asyncio.to_thread(_keep, folder, known, key, content, signature, found)
    text = (
        f"{desk.person()} installed the catalogue of {found.institution} of {found.as_of}, key {known.name}."
    )
    await desk.note(Event(at=desk.clock.now(), kind="decision", text=text))
    return desk.announce(Changes.of(Noun.SERVICE, *(each.id for each in found.services)))


def _given(path: Path) -> tuple[bytes, str]:
    signature = path.with_name(path.name + ".minisig")
    try:
        for each in (path, signature):
            if each.stat().st_size > LARGEST:
                raise problem(Kind.INPUT, "The catalogue is too large", f"{each.name} has more than 4 MB.")
        return path.read_bytes(), signature.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise problem(
            Kind.INPUT,
            "The catalogue cannot be read",
            f"{path.name} or its signature {signature.name} cannot be read ({type(error).__name__}).",
            "Put both files into one folder.",
            subject=path.name,
        ) from error


def _refuse_unnamed(found: Catalogue, path: Path) -> None:
    if not found.institution.strip():
        raise problem(
            Kind.INPUT, "The catalogue names no institution", "`institution` is empty.", subject=path.name
        )


def _keep(folder: Path, known: PublicKey, key: str, content: bytes, signature: str, found: Catalogue) -> None:
    before = _read(folder).catalogue if folder.is_dir() else None
    if before is not None and before.as_of > found.as_of:
        raise problem(
            Kind.REFUSED,
            "The catalogue is older than the one in use",
            f"It is of {found.as_of}, the one in use of {before.as_of}.",
            "Remove the one in use first, if the institution wants the old one.",
        )
    parts = {_KEY: key.strip() + "\n", _SIGNATURE: signature}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in parts.items():
            _put(folder / name, text.encode())
        _put(folder / _CATALOGUE, content)
    except OSError as error:
        raise problem(
            Kind.DISK, "The catalogue was not kept", f"{folder}: {error.strerror or error}.", "Make room."
        ) from error


def _put(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


async def remove_catalogue(desk: Desk, key: str) -> Changes:
    """Take a catalogue from the data folder; services that were added from it stay."""
    from app.operations.institution_stop import told_of_stops  # it reads catalogues itself

    found = next((each for each in await installed_catalogues(desk) if each.key == key), None)
    if found is None:
        raise problem(Kind.NOT_FOUND, "No such catalogue", f"No catalogue with the key {key} is installed.")
    async with told_of_stops(desk):
        await asyncio.to_thread(_remove, desk.home / FOLDER / key)
    name = found.catalogue.institution if found.catalogue is not None else key
    text = f"{desk.person()} removed the catalogue of {name}."
    await desk.note(Event(at=desk.clock.now(), kind="decision", text=text))
    return desk.announce(Changes.of(Noun.SERVICE))


def _remove(folder: Path) -> None:
    for name in (_CATALOGUE, _SIGNATURE, _KEY):
        (folder / name).unlink(missing_ok=True)
    folder.rmdir()


async def export_catalogue(desk: Desk, path: Path, institution: str = "") -> int:
    """Write all presets as a catalogue; gives how many. An existing file is not overwritten."""
    found = await known_presets(desk)
    as_of = desk.clock.now().date().isoformat()
    text = catalogue.catalogue_json(found, as_of, institution)
    try:
        await asyncio.to_thread(_write_new, path, text)
    except FileExistsError:
        raise problem(
            Kind.INPUT, "The file is there already", f"{path} exists.", "Choose another name."
        ) from None
    except OSError as error:
        what = f"{path}: {error.strerror or error}."
        raise problem(Kind.DISK, "The catalogue was not written", what, "Choose another place.") from error
    return len(found)


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
