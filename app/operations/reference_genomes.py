"""Reference genomes that the person has shown: a FASTA file for each build, remembered by its path.

The files stay where they are. One that is gone is not used, and is used again when it is back.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.model import Model
from app.domain.path_text import shown
from app.domain.problem import Kind, problem
from app.domain.progress import Report
from app.operations.desk import Desk
from app.store import settings
from app.store.store import Connection as StoreConnection
from app.store.store import Store

_KEY = "reference_genomes"


class _Looked(Model):
    """What a process found of a FASTA file."""

    build: str | None


async def use_reference(desk: Desk, path: Path) -> str:
    """Use a FASTA file for all files of its build, which is given; it replaces one of the same build.

    ProblemError when it is no FASTA file, damaged, or its chromosomes have the lengths of no build.
    """
    from app.genotypes.worker import run_in_process

    whole = await asyncio.to_thread(path.absolute)
    build = (await run_in_process(_look, str(whole))).build
    if build is None:
        raise problem(
            Kind.INPUT,
            "The build of the reference genome is not known",
            f"The chromosomes in {shown(path.name)} have not the lengths of one build that is known.",
            "Choose a whole genome of GRCh37, GRCh38 or NCBI36, or whole chromosomes of it.",
            subject=shown(path.name),
        )
    await _change(desk, {build: str(whole)})
    return build


def _look(path: str, report: Report) -> _Looked:
    """In the process, which alone imports NumPy."""
    from app.genotypes.reference_sequence import ReferenceSequence

    genome = ReferenceSequence(Path(path))
    try:
        return _Looked(build=genome.build)
    finally:
        genome.close()


async def forget_reference(desk: Desk, build: str = "") -> Changes:
    """Use no genome for files of a build any more; empty: of none."""
    known = await _remembered(desk.store)
    await _change(desk, dict.fromkeys([build] if build else known, ""))
    return Changes.of(Noun.SETTING, _KEY)


async def references(desk: Desk) -> dict[str, str]:
    """The files that are there, by their builds."""
    return await references_in(desk.store)


async def references_in(store: Store) -> dict[str, str]:
    """See `references`, for what has no desk."""
    known = await _remembered(store)
    return {build: path for build, path in known.items() if await asyncio.to_thread(Path(path).is_file)}


async def _remembered(store: Store) -> dict[str, str]:
    text = await store.read(lambda c: settings.state(c, _KEY))
    found = json.loads(text) if text else {}
    return {str(build): str(path) for build, path in found.items()}


async def _change(desk: Desk, paths: dict[str, str]) -> None:
    """Remember these paths; an empty one is forgotten."""

    def write(c: StoreConnection) -> None:
        kept = json.loads(settings.state(c, _KEY) or "{}") | paths
        settings.set_state(c, _KEY, json.dumps({build: path for build, path in kept.items() if path}))

    await desk.store.write(write)
    desk.announce(Changes.of(Noun.SETTING, _KEY))
