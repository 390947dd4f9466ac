"""Chain files for lift-over: those the user gives, and those he agrees to download.

Nothing is fetched without `download_chain`, which is called when the user has seen the `ChainOffer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from app.domain.chain import ChainFile, ChainOffer
from app.domain.changes import Changes, Noun
from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.domain.resources import resource
from app.operations.data_folder_trouble import data_folder_trouble
from app.operations.desk import Desk
from app.operations.tasks import TaskKind

LARGEST = 64 << 20
_PART = ".part"
_ABOUT = ".json"


CHAINS = "chains"


class _Examined(Model):
    """What a process found in a chain file."""

    from_build: str | None
    to_build: str | None
    size: int
    sha256: str
    text_sha256: str


def chains_folder(desk: Desk) -> Path:
    """Where the chain files are kept."""
    return desk.home / CHAINS


@cache
def chain_offers() -> tuple[ChainOffer, ...]:
    """All chain files that can be downloaded."""
    told = json.loads(resource("chains.json").read_text(encoding="utf-8"))
    shared = {name: told[name] for name in ("terms", "terms_address")}
    return tuple(ChainOffer(**each | shared) for each in told["chains"])


def chain_offer(from_build: str, to_build: str) -> ChainOffer | None:
    """The file that can be downloaded for a direction, None when there is none; show it first."""
    return next((o for o in chain_offers() if (o.from_build, o.to_build) == (from_build, to_build)), None)


async def add_chain(desk: Desk, path: Path, from_build: str = "", to_build: str = "") -> Changes:
    """Copy a chain file into the data folder; it replaces one of the same direction.

    The direction is told by the lengths of its chromosomes; builds that are named must not contradict them.
    """
    found = await _examined(path)
    builds = _direction(path, found, from_build, to_build)
    return await _keep(desk, path, path.name, found, builds, "given")


async def _examined(path: Path) -> _Examined:
    from app.genotypes.worker import run_in_process

    return await run_in_process(_examine, str(path))


def _examine(path: str, report: Report) -> _Examined:
    """In the process, which alone imports NumPy."""
    from app.genotypes.bgzf import open_text_blocks
    from app.genotypes.liftover import read_chain

    builds = read_chain(Path(path)).builds
    digest = hashlib.sha256()
    with open_text_blocks(path, digest=True) as blocks:
        for piece in blocks:
            digest.update(piece)
    return _Examined(
        from_build=builds[0],
        to_build=builds[1],
        size=os.path.getsize(path),
        sha256=blocks.sha256 or "",
        text_sha256=digest.hexdigest(),
    )


def _direction(path: Path, found: _Examined, from_build: str, to_build: str) -> tuple[str, str]:
    named = _known(from_build), _known(to_build)
    told = found.from_build, found.to_build
    for mine, theirs in zip(named, told, strict=True):
        if mine and theirs and mine != theirs:
            raise _other_builds(path, told, named)
    builds = named[0] or told[0], named[1] or told[1]
    if builds[0] is None or builds[1] is None:
        raise problem(
            Kind.INPUT,
            "The builds of the chain file are not known",
            f"The lengths of the chromosomes in {path.name} are not those of a build that is known.",
            "Name the builds: from which, and to which.",
            subject=path.name,
        )
    if builds[0] == builds[1]:
        raise _other_builds(path, told, named)
    return builds[0], builds[1]


def _known(build: str) -> str | None:
    from app.genotypes.builds import BUILDS, build_name

    if not build:
        return None
    found = build_name(build)
    if found is None:
        raise problem(
            Kind.INPUT,
            "The build is not known",
            f"“{build}” is no genome build that the program knows.",
            f"Name one of {', '.join(BUILDS)}.",
        )
    return found


def _other_builds(
    path: Path, told: tuple[str | None, str | None], named: tuple[str | None, str | None]
) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The chain file is of other builds",
        f"{path.name} leads from {told[0] or 'an unknown build'} to {told[1] or 'an unknown build'}, "
        f"not from {named[0] or told[0]} to {named[1] or told[1]}.",
        "Choose the chain file of these builds.",
        subject=path.name,
    )


async def download_chain(
    desk: Desk, from_build: str, to_build: str, offer: ChainOffer | None = None
) -> Changes:
    """Download the file of an offer that the user has agreed to, prove it and keep it.

    A file whose text is not the confirmed one, or that leads elsewhere, is refused and not kept.
    """
    offer = offer or chain_offer(from_build, to_build)
    if offer is None:
        raise problem(
            Kind.NOT_FOUND,
            "No chain file is offered",
            f"There is none from {from_build} to {to_build} that can be downloaded.",
            "Give one of your own by 'chains add'.",
        )
    folder = chains_folder(desk)
    part = folder / f"{offer.id}.download{_PART}"
    with data_folder_trouble(folder):
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with desk.only_one(offer.id) as mine:
        if not mine:
            raise _busy(offer)
        try:
            return await _downloaded(desk, offer, part)
        finally:
            with contextlib.suppress(OSError):
                part.unlink()


async def _downloaded(desk: Desk, offer: ChainOffer, part: Path) -> Changes:
    with desk.tasks.running_task(TaskKind.DOWNLOAD, offer.name) as task:
        await _fetch(offer, part, task.report)
        found = await _examined(part)
    builds = _direction(Path(offer.id), found, offer.from_build, offer.to_build)
    _prove(offer, found)
    return await _keep(desk, part, f"{offer.id}.chain.gz", found, builds, "Ensembl")


def _busy(offer: ChainOffer) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The chain file is being downloaded already",
        f"Another download of {offer.name} is running.",
        "Wait for it, or stop it.",
        subject=offer.name,
    )


async def _fetch(offer: ChainOffer, part: Path, report: Report = silent) -> None:
    from app.transport.fetch import fetch_file

    await fetch_file(offer.address, part, LARGEST, report)


def _prove(offer: ChainOffer, found: _Examined) -> None:
    if not offer.confirmed or found.text_sha256 == offer.text_sha256:
        return
    raise problem(
        Kind.REFUSED,
        "The chain file is not the one that is known",
        f"What came has the SHA-256 {found.text_sha256}, the known one {offer.text_sha256} (unpacked).",
        "If the provider has a new version and you trust it, get it with a browser and add it.",
        subject=offer.name,
    )


async def _keep(
    desk: Desk, path: Path, name: str, found: _Examined, builds: tuple[str, str], origin: str
) -> Changes:
    offer = chain_offer(*builds)
    as_known = found.text_sha256 == offer.text_sha256 if offer is not None and offer.text_sha256 else None
    chain_id = f"{builds[0]}_to_{builds[1]}"
    kept = ChainFile(
        id=chain_id,
        from_build=builds[0],
        to_build=builds[1],
        name=name,
        path=str(chains_folder(desk) / f"{chain_id}.chain"),
        size=found.size,
        sha256=found.sha256,
        text_sha256=found.text_sha256,
        origin=origin,
        as_known=as_known,
        added=desk.clock.now(),
    )
    await asyncio.to_thread(_copy, path, kept)
    return desk.announce(Changes.of(Noun.CHAIN, chain_id))


def _copy(path: Path, kept: ChainFile) -> None:
    """The file first, then what is known of it: a file alone is not listed."""
    target = Path(kept.path)
    about = target.with_name(target.name + _ABOUT)
    with data_folder_trouble(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        about.unlink(missing_ok=True)
        part = target.with_name(target.name + _PART)
        shutil.copyfile(path, part)
        os.replace(part, target)
        part.write_text(kept.model_dump_json(exclude={"path"}), encoding="utf-8")
        os.replace(part, about)


async def list_chains(desk: Desk) -> tuple[ChainFile, ...]:
    """The chain files on this computer, by direction."""
    return await asyncio.to_thread(listed_chains, chains_folder(desk))


def listed_chains(folder: Path) -> tuple[ChainFile, ...]:
    """The chain files of a folder that are as they were kept."""
    found: list[ChainFile] = []
    for about in sorted(folder.glob(f"*.chain{_ABOUT}")):
        path = about.with_name(about.name.removesuffix(_ABOUT))
        with contextlib.suppress(OSError, ValueError, ValidationError):
            kept = ChainFile(**json.loads(about.read_text(encoding="utf-8")), path=str(path))
            if path.stat().st_size == kept.size:
                found.append(kept)
    return tuple(found)


async def chain_for(desk: Desk, from_build: str, to_build: str) -> Path | None:
    """The chain file that leads from one build to another, None when there is none on this computer."""
    for kept in await list_chains(desk):
        if (kept.from_build, kept.to_build) == (from_build, to_build):
            return Path(kept.path)
    return None


async def remove_chain(desk: Desk, chain_id: str) -> Changes:
    """Remove a chain file from this computer."""
    kept = next((each for each in await list_chains(desk) if each.id == chain_id), None)
    if kept is None:
        raise problem(
            Kind.NOT_FOUND,
            "No such chain file",
            f"There is no chain file '{chain_id}'.",
            "See 'chains list'.",
            subject=chain_id,
        )
    path = Path(kept.path)
    with data_folder_trouble(path):
        await asyncio.to_thread(path.with_name(path.name + _ABOUT).unlink)
        await asyncio.to_thread(path.unlink)
    return desk.announce(Changes.of(Noun.CHAIN, chain_id))


async def tidy_chains(desk: Desk) -> Changes:
    """Remove downloads that an earlier run left half done, but those that go on at this moment."""
    for part in await asyncio.to_thread(lambda: list(chains_folder(desk).glob(f"*{_PART}"))):
        async with desk.only_one(part.name.partition(".")[0]) as mine:
            if mine:
                with contextlib.suppress(OSError):
                    await asyncio.to_thread(part.unlink)
    return Changes()
