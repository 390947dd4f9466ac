"""Chain files that are given or downloaded are proved, kept by direction, and found again."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from pathlib import Path

import pytest

from app.domain.chain import ChainOffer
from app.domain.changes import Noun
from app.domain.problem import ProblemError
from app.operations import chains
from app.operations.chains import (
    add_chain,
    chain_for,
    chain_offer,
    chain_offers,
    download_chain,
    list_chains,
    remove_chain,
    tidy_chains,
)
from app.operations.desk import Desk
from tests.helpers.direct_work import work_directly
from tests.helpers.shared import shared_data
from tests.unit.transport.scripted import Call, scripted

TEXT = b"chain 1 1 249250621 + 0 100 1 248956422 + 0 100 1\n100\n"
LOOP = TEXT.replace(b"249250621", b"248956422")


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No process is started, but for one test."""
    if "process" not in request.node.name:
        work_directly(monkeypatch)


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A small chain file from GRCh37 to GRCh38."""
    path = tmp_path / "mine.chain.gz"
    path.write_bytes(gzip.compress(TEXT))
    return path


def test_every_offer_says_what_comes_from_where() -> None:
    offers = {offer.id: offer for offer in chain_offers()}
    assert set(offers) == {
        "GRCh37_to_GRCh38",
        "GRCh38_to_GRCh37",
        "NCBI36_to_GRCh37",
        "NCBI36_to_GRCh38",
        "GRCh37_to_NCBI36",
    }
    for offer in offers.values():
        assert offer.address.startswith("https://ftp.ensembl.org/")
        assert offer.address.endswith(f"/{offer.from_build}_to_{offer.to_build}.chain.gz")
        assert offer.size > 10_000
        assert len(offer.text_sha256) == 64
        assert offer.terms
    assert chain_offer("GRCh38", "NCBI36") is None


def test_the_offers_fit_the_copies_that_are_here() -> None:
    for offer in chain_offers():
        path = shared_data("chains", f"ensembl.{offer.id}.chain.gz")
        assert hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest() == offer.text_sha256


def test_a_given_file_is_read_in_a_process_and_kept_by_its_direction(desk: Desk, given: Path) -> None:
    changes = asyncio.run(add_chain(desk, given))
    assert changes.ids(Noun.CHAIN) == ("GRCh37_to_GRCh38",)
    (kept,) = asyncio.run(list_chains(desk))
    assert (kept.from_build, kept.to_build, kept.name) == ("GRCh37", "GRCh38", "mine.chain.gz")
    assert (kept.origin, kept.as_known) == ("given", False)
    assert kept.sha256 == hashlib.sha256(given.read_bytes()).hexdigest()
    assert kept.text_sha256 == hashlib.sha256(TEXT).hexdigest()
    found = asyncio.run(chain_for(desk, "GRCh37", "GRCh38"))
    assert found is not None
    assert found.read_bytes() == given.read_bytes()
    assert asyncio.run(chain_for(desk, "GRCh38", "GRCh37")) is None
    asyncio.run(remove_chain(desk, kept.id))
    assert asyncio.run(list_chains(desk)) == ()
    with pytest.raises(ProblemError, match="no chain file"):
        asyncio.run(remove_chain(desk, kept.id))


def test_named_builds_must_fit(desk: Desk, given: Path, tmp_path: Path) -> None:
    asyncio.run(add_chain(desk, given, "hg19", "hg38"))
    with pytest.raises(ProblemError, match="leads from GRCh37 to GRCh38, not from GRCh38 to GRCh37"):
        asyncio.run(add_chain(desk, given, "GRCh38", "GRCh37"))
    with pytest.raises(ProblemError, match="no genome build"):
        asyncio.run(add_chain(desk, given, "mm10"))
    strange = tmp_path / "strange.chain"
    strange.write_bytes(TEXT.replace(b"248956422", b"1000"))
    with pytest.raises(ProblemError, match="builds of the chain file are not known"):
        asyncio.run(add_chain(desk, strange))
    asyncio.run(add_chain(desk, strange, to_build="T2T-CHM13"))
    assert [each.id for each in asyncio.run(list_chains(desk))] == ["GRCh37_to_GRCh38", "GRCh37_to_T2T-CHM13"]


def served(body: bytes, status: int = 200, **headers: str) -> object:
    """What the provider answers."""
    return lambda call: call.send(status, body, "application/gzip", **headers)


def fetched(desk: Desk, script: object, **more: object) -> list[str]:
    """Download from a server of our own; ids of what is kept then."""
    with scripted(script) as server:  # type: ignore[arg-type]
        told = {"text_sha256": hashlib.sha256(TEXT).hexdigest(), "confirmed": True} | more
        offer = ChainOffer(
            id="GRCh37_to_GRCh38",
            name="A chain",
            from_build="GRCh37",
            to_build="GRCh38",
            address=server.url + "/x.chain.gz",
            size=100,
            **told,  # type: ignore[arg-type]
        )
        asyncio.run(download_chain(desk, offer.from_build, offer.to_build, offer))
    return [each.origin for each in asyncio.run(list_chains(desk))]


def left(desk: Desk) -> list[str]:
    """What lies in the folder."""
    return sorted(path.name for path in chains.chains_folder(desk).iterdir())


def test_a_download_is_proved_and_kept(desk: Desk) -> None:
    asked: list[str] = []

    def script(call: Call) -> None:
        asked.append(call.target)
        assert "authorization" not in call.headers
        call.send(200, gzip.compress(TEXT), "application/gzip")

    assert fetched(desk, script) == ["Ensembl"]
    assert asked == ["/x.chain.gz"]
    assert left(desk) == ["GRCh37_to_GRCh38.chain", "GRCh37_to_GRCh38.chain.json"]


@pytest.mark.parametrize(
    ("script", "more", "why"),
    [
        (served(gzip.compress(TEXT + b"\n")), {}, "not the one that is known"),
        (served(gzip.compress(TEXT)[:-9]), {}, "truncated"),
        (served(b"<html>sorry</html>"), {}, "no chain file"),
        (served(b"", 404), {}, "status 404"),
        (served(b"", 302, Location="/x.chain.gz"), {}, "circle"),
        (lambda call: call.reset(), {}, "download failed"),
        (
            served(gzip.compress(TEXT.replace(b"249250621", b"248956422"))),
            {"confirmed": False},
            "other builds",
        ),
    ],
)
def test_what_cannot_be_trusted_is_not_kept(
    desk: Desk, script: object, more: dict[str, object], why: str
) -> None:
    with pytest.raises(ProblemError, match=why):
        fetched(desk, script, **more)
    assert left(desk) == []


def test_a_file_that_is_too_large_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "LARGEST", 10)
    with pytest.raises(ProblemError, match="larger than it should be"):
        fetched(desk, served(gzip.compress(TEXT)))

    def endless(call: Call) -> None:
        call.sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 1000)

    with pytest.raises(ProblemError, match="larger than it should be"):
        fetched(desk, endless)
    assert left(desk) == []


def test_an_unconfirmed_checksum_is_told_and_refuses_nothing(desk: Desk) -> None:
    assert fetched(desk, served(gzip.compress(TEXT)), confirmed=False) == ["Ensembl"]
    (kept,) = asyncio.run(list_chains(desk))
    assert kept.as_known is False


def test_nothing_is_offered_for_a_direction_nobody_has(desk: Desk) -> None:
    with pytest.raises(ProblemError, match="There is none"):
        asyncio.run(download_chain(desk, "GRCh38", "T2T-CHM13"))


def test_what_an_earlier_run_left_is_removed(desk: Desk, given: Path) -> None:
    asyncio.run(add_chain(desk, given))
    before = left(desk)
    (chains.chains_folder(desk) / "GRCh38_to_GRCh37.download.part").write_bytes(b"x")
    asyncio.run(tidy_chains(desk))
    assert left(desk) == before
