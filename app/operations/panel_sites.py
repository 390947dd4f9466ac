"""Add, bind, list and remove the site lists of panels; they let the program tell what a service would say."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from app.domain.changes import Changes, Noun
from app.domain.names import new_id
from app.domain.panel_sites import PanelSiteList
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.operations.add_dataset import natural_order
from app.operations.data_folder_trouble import data_folder_trouble
from app.operations.desk import Desk
from app.operations.private_folder import private_folder
from app.operations.tasks import TaskKind

ABOUT = "list.json"
FOLDER = "panel-sites"
ENDINGS = (".gz", ".bgz", ".tab", ".txt", ".tsv", ".legend", ".sites", ".vcf", ".bcf")
_PART, _GONE = ".part", ".gone"
_ADVICE = "Look whether the disk of the data folder has room; nothing was kept."


def lists_folder(desk: Desk) -> Path:
    """Where the lists are kept, a folder each."""
    return desk.home / FOLDER


async def add_panel_sites(
    desk: Desk,
    paths: tuple[Path, ...],
    name: str,
    build: str,
    panel_keys: tuple[str, ...] = (),
    population: str = "",
) -> Changes:
    """Make one list of the files (of folders: the site lists in them); its id is in the changes.

    Runs in a process of its own. Stopping it, or anything that is wrong with a file, leaves nothing behind.
    `population` chooses among the frequencies of the files.
    """
    sources = await asyncio.to_thread(_sources, paths)
    known = _build(build)
    list_id = new_id("sites")
    folder = lists_folder(desk) / list_id
    title = name.strip() or sources[0].name
    async with desk.only_one(list_id):
        try:
            with desk.tasks.running_task(TaskKind.SITES, f"Reading the sites of {title}") as task:
                await _run(folder, sources, title, known, population, task.report)
            about = {"panel_keys": sorted(set(panel_keys)), "added": desk.clock.now().isoformat()}
            await asyncio.to_thread(_write, folder, about)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(_clear, folder))
            raise
    return desk.announce(_changes(list_id, panel_keys))


async def _run(
    folder: Path, sources: tuple[Path, ...], name: str, build: str, population: str, report: Report
) -> None:
    from app.genotypes.worker import run_in_process

    await asyncio.to_thread(private_folder, folder.parent, _ADVICE)
    await run_in_process(_read, tuple(map(str, sources)), str(folder), name, build, population, report=report)


def _read(
    sources: tuple[str, ...], folder: str, name: str, build: str, population: str, report: Report
) -> None:
    """In the process, which alone imports NumPy."""
    from app.genotypes.panels.store import PanelAbout, build_panel

    with data_folder_trouble(Path(folder), _ADVICE):
        build_panel(
            [Path(each) for each in sources], Path(folder), PanelAbout(name, build, population), report
        )


def _changes(list_id: str, panel_keys: Iterable[str]) -> Changes:
    return Changes.of(Noun.PANEL_SITES, list_id) | Changes.of(Noun.PANEL, *panel_keys)


def _build(text: str) -> str:
    from app.genotypes.builds import BUILDS, build_name

    found = build_name(text)
    if found is None:
        raise problem(
            Kind.INPUT,
            "The build is not known",
            f"“{text}” is no genome build that the program knows.",
            f"Name one of {', '.join(BUILDS)}.",
        )
    return found


def _sources(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    found = [each.absolute() for path in paths for each in _files_of(path)]
    if not found:
        raise problem(Kind.INPUT, "No files", "No file was named.", "Choose the site list of a panel.")
    for path in found:
        _must_be_readable(path)
    return tuple(sorted(dict.fromkeys(found), key=lambda path: natural_order(path.name)))


def _files_of(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    inside = [p for p in path.iterdir() if p.name.lower().endswith(ENDINGS) and p.is_file()]
    if not inside:
        raise problem(
            Kind.INPUT,
            "A folder without site lists",
            f"{path} holds no file that ends in {', '.join(ENDINGS)}.",
            "Choose the files themselves, or the folder they are in.",
            subject=str(path),
        )
    return inside


def _must_be_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise problem(
            Kind.INPUT,
            "The file cannot be read",
            f"{path}: {error.strerror or error}.",
            "Look at its place and its permissions.",
            subject=str(path),
        ) from error


def _write(folder: Path, about: Mapping[str, object]) -> None:
    part = folder / (ABOUT + _PART)
    with data_folder_trouble(folder, _ADVICE):
        part.write_text(json.dumps(about), encoding="utf-8")
        os.replace(part, folder / ABOUT)


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder.with_name(folder.name + _PART), ignore_errors=True)


async def list_panel_sites(desk: Desk) -> tuple[PanelSiteList, ...]:
    """All lists, the newest first; one that cannot be used says why."""
    return await asyncio.to_thread(_listed, lists_folder(desk))


def _listed(folder: Path) -> tuple[PanelSiteList, ...]:
    if not folder.is_dir():
        return ()
    inside = [p for p in folder.iterdir() if (p / ABOUT).is_file() and not p.name.endswith((_PART, _GONE))]
    found = [each for each in map(_described, inside) if each is not None]
    return tuple(sorted(found, key=lambda each: (each.added, each.id), reverse=True))


def _described(folder: Path) -> PanelSiteList | None:
    """What is known of a list, None when it was removed meanwhile."""
    try:
        kept = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        kept |= {"id": folder.name, "folder": str(folder)}
        return PanelSiteList(**kept | _contents(folder))
    except (OSError, ValueError, TypeError, ValidationError):
        return None


def _contents(folder: Path) -> dict[str, object]:
    from app.genotypes.panels.store import open_panel

    try:
        found = open_panel(folder)
    except ProblemError as error:
        return {"name": folder.name, "build": "", "problem": error.problem.sentence()}
    about = found.about
    names = ("name", "build", "chromosomes", "sites", "skipped", "has_frequency", "has_rs", "frequency")
    return {name: getattr(about, name) for name in (*names, "source")} | {"size": found.size}


async def bind_panel_sites(desk: Desk, list_id: str, panel_keys: tuple[str, ...]) -> Changes:
    """Say which panels of services a list is of, in place of what was said before."""
    found = await _one(desk, list_id)
    about = {"panel_keys": sorted(set(panel_keys)), "added": found.added.isoformat()}
    await asyncio.to_thread(_write, Path(found.folder), about)
    return desk.announce(_changes(list_id, {*panel_keys, *found.panel_keys}))


async def remove_panel_sites(desk: Desk, list_id: str) -> Changes:
    """Remove a list from this computer; the files that it was made of stay where they are."""
    found = await _one(desk, list_id)
    await asyncio.to_thread(_remove, Path(found.folder))
    return desk.announce(_changes(list_id, found.panel_keys))


def _remove(folder: Path) -> None:
    gone = folder.with_name(folder.name + _GONE)
    with data_folder_trouble(folder, "It may be in use: try again when checks have ended."):
        os.replace(folder, gone)
    shutil.rmtree(gone, ignore_errors=True)


async def verify_panel_sites(desk: Desk, list_id: str) -> tuple[str, ...]:
    """Read a whole list and name the parts that are not as they were written; empty when all are."""
    from app.genotypes.worker import run_in_process

    return await run_in_process(_verify, (await _one(desk, list_id)).folder)


def _verify(folder: str, report: Report) -> tuple[str, ...]:
    from app.genotypes.panels.store import open_panel

    return open_panel(Path(folder)).verify()


async def _one(desk: Desk, list_id: str) -> PanelSiteList:
    for found in await list_panel_sites(desk):
        if found.id == list_id:
            return found
    raise problem(
        Kind.NOT_FOUND,
        "No such site list",
        f"There is no site list '{list_id}'.",
        "See 'panels sites list'.",
        subject=list_id,
    )


async def sites_for(desk: Desk, panel_key: str) -> Path | None:
    """The folder of the newest whole list bound to a panel (`Panel.key`), None when there is none."""
    return await asyncio.to_thread(kept_list, desk.home, panel_key)


def kept_list(home: Path, panel_key: str) -> Path | None:
    """As `sites_for`, in a data folder; reads the disk."""
    for found in _listed(home / FOLDER):
        if panel_key in found.panel_keys and not found.problem:
            return Path(found.folder)
    return None


async def tidy_panel_sites(desk: Desk) -> Changes:
    """Remove lists that an earlier run left half written or half removed.

    One that another program on the same data folder writes at this moment is left alone.
    """
    folder = lists_folder(desk)
    for path in await asyncio.to_thread(lambda: list(folder.iterdir()) if folder.is_dir() else []):
        list_id = path.name.removesuffix(_PART).removesuffix(_GONE)
        if list_id == path.name and (path / ABOUT).exists():
            continue
        async with desk.only_one(list_id) as mine:
            if mine:
                with contextlib.suppress(OSError):
                    await asyncio.to_thread(shutil.rmtree, path)
    return Changes()
