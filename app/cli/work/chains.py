"""`chains …`: what the commands do."""

from __future__ import annotations

from pathlib import Path

import typer

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.domain.chain import ChainFile, ChainOffer
from app.domain.problem import Kind, problem
from app.operations import chains
from app.operations.desk import Desk

HEADS = ("id", "on this computer", "origin", "bytes", "as known")


def list_chains(session: Session) -> None:
    """What is here and what can be had."""
    found = {each.id: each for each in with_desk(session, chains.list_chains)}
    offers = {each.id: each for each in chains.chain_offers()}
    rows = [_row(chain_id, found.get(chain_id), offers.get(chain_id)) for chain_id in {**found, **offers}]
    data: dict[str, object] = {
        "chains": [chain_row(each) for each in found.values()],
        "offers": [each.model_dump() for each in offers.values()],
    }
    session.out.answer(data, table(HEADS, rows))


def _row(chain_id: str, found: ChainFile | None, offer: ChainOffer | None) -> tuple[object, ...]:
    if found is not None:
        return chain_id, "yes", found.origin, found.size, found.as_known
    return chain_id, "no, can be downloaded", "Ensembl", offer.size if offer else None, None


def add(session: Session, file: Path, from_build: str, to_build: str) -> None:
    """Keep a file of the user."""

    async def work(desk: Desk) -> ChainFile:
        changes = await chains.add_chain(desk, file, from_build, to_build)
        return await _one(desk, next(iter(changes.touched))[1])

    _answer(session, with_desk(session, work))


def download(session: Session, from_build: str, to_build: str, agree: bool) -> None:
    """Show the offer, or act on it."""
    offer = _offer(from_build, to_build)
    if not agree:
        lines = [*pairs(_shown(offer)), "Nothing was downloaded. Add --agree to do it."]
        session.out.answer({"offer": offer.model_dump(), "downloaded": False}, lines)
        raise typer.Exit(1)

    async def work(desk: Desk) -> ChainFile:
        await chains.download_chain(desk, offer.from_build, offer.to_build)
        return await _one(desk, offer.id)

    _answer(session, with_desk(session, work))


def _offer(from_build: str, to_build: str) -> ChainOffer:
    from app.genotypes.builds import build_name

    offer = chains.chain_offer(build_name(from_build) or from_build, build_name(to_build) or to_build)
    if offer is None:
        ids = ", ".join(each.id for each in chains.chain_offers())
        raise problem(
            Kind.NOT_FOUND,
            "No chain file is offered",
            f"There is none from {from_build} to {to_build} that can be downloaded.",
            f"Offered are {ids}. Give one of your own by 'chains add'.",
        )
    return offer


def _shown(offer: ChainOffer) -> list[tuple[str, object]]:
    known = "confirmed" if offer.confirmed else "of a copy; the program shows the measured one"
    return [
        ("file", offer.name),
        ("address", offer.address),
        ("bytes, about", offer.size),
        ("SHA-256, unpacked", f"{offer.text_sha256} ({known})"),
        ("terms", offer.terms),
        ("read them at", offer.terms_address),
    ]


def remove(session: Session, chain_id: str) -> None:
    """Remove a file."""

    async def work(desk: Desk) -> None:
        await chains.remove_chain(desk, chain_id)

    with_desk(session, work)
    session.out.answer({"removed": [chain_id]}, [f"Removed {chain_id}."])


async def _one(desk: Desk, chain_id: str) -> ChainFile:
    return next(each for each in await chains.list_chains(desk) if each.id == chain_id)


def _answer(session: Session, found: ChainFile) -> None:
    known = {True: "yes", False: "no, it differs from the copy that is known", None: ""}[found.as_known]
    lines = pairs(
        [
            ("id", found.id),
            ("from", found.from_build),
            ("to", found.to_build),
            ("bytes", found.size),
            ("SHA-256", found.sha256),
            ("SHA-256, unpacked", found.text_sha256),
            ("as known", known),
        ]
    )
    session.out.answer({"chain": chain_row(found)}, lines)


def chain_row(found: ChainFile) -> dict[str, object]:
    """A chain file as the command line writes it."""
    return found.model_dump(mode="json")
