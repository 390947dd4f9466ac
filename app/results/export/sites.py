"""Sites of many variants as lines of text: chromosome, position, identifier, REF and ALT."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.texts import Texts
from app.results.export.kernel import Kernel

LONGEST_NAME = 16_000
"""Letters of an identifier that PLINK 2 reads."""
_LONGEST_MADE = 1000  # more than the extension makes
_WIDEST = 28  # bytes of a position and what is between the words of a site
_LIKELY = 2048  # bytes in which the fixed columns of most lines end


def site_words(
    chromosome: str, position: NDArray[np.int64], ids: Texts, refs: Texts, alts: Texts
) -> list[bytes]:
    """The five words of each site, with tabs between them."""
    name = chromosome.encode()
    columns = zip(position.tolist(), ids.raws(), refs.raws(), alts.raws(), strict=True)
    return [b"%b\t%d\t%b\t%b\t%b" % (name, *each) for each in columns]


def site_lines(
    chromosome: str,
    position: NDArray[np.int64],
    ids: Texts,
    refs: Texts,
    alts: Texts,
    kernel: Kernel | None = None,
) -> bytes:
    """A line for each site; the same with and without the extension."""
    if kernel is None:
        return b"\n".join([*site_words(chromosome, position, ids, refs, alts), b""])
    columns = packed_sites(chromosome, position, ids, refs, alts)
    room = room_of(columns, len(position), _WIDEST)
    out = np.empty(room, np.uint8)
    return out[: kernel.sites(*columns, len(position), out)].tobytes()


def bim_lines(
    chromosome: str,
    position: NDArray[np.int64],
    ids: Texts,
    refs: Texts,
    alts: Texts,
    kernel: Kernel | None = None,
) -> bytes:
    """A line of a .bim for each site; the same with and without the extension."""
    if kernel is None:
        name = chromosome.encode()
        sites = zip(ids.raws(), position.tolist(), alts.raws(), refs.raws(), strict=True)
        return b"".join(b"%b\t%b\t0\t%d\t%b\t%b\n" % (name, *site) for site in sites)
    columns = packed_sites(chromosome, position, ids, refs, alts)
    out = np.empty(room_of(columns, len(position), _WIDEST), np.uint8)
    return out[: kernel.sites(*columns, len(position), out, True)].tobytes()


def packed_sites(
    chromosome: str, position: NDArray[np.int64], ids: Texts, refs: Texts, alts: Texts
) -> tuple[Any, ...]:
    """Sites as the extension takes them: eight buffers."""
    texts = [np.ascontiguousarray(part) for each in (ids, refs, alts) for part in (each.blob, each.ends)]
    return chromosome.encode(), np.ascontiguousarray(position, np.int64), *texts


def room_of(columns: tuple[Any, ...], rows: int, more: int, times: int = 1) -> int:
    """Bytes that lines of sites take at most, `more` beside the words; identifiers stand in it `times`."""
    ends = [int(each[-1]) if len(each) else 0 for each in columns[3::2]]
    return rows * (len(columns[0]) + more) + times * ends[0] + ends[1] + ends[2]


def filled_ids(chromosome: str, position: NDArray[np.int64], ids: Texts, refs: Texts, alts: Texts) -> Texts:
    """Identifiers, `chromosome:position:REF:ALT` where there is none, with a hash for long alleles."""
    unknown = (ids.lengths == 1) & (ids.first_letters() == ord("."))
    if not unknown.any():
        return ids
    sites = zip(ids.raws(), position.tolist(), refs.raws(), alts.raws(), strict=True)
    name = chromosome.encode()
    return Texts.of(
        _made(b"%b:%d:" % (name, place), ref + b":" + alt) if told == b"." else told
        for told, place, ref, alt in sites
    )


def _made(place: bytes, alleles: bytes) -> bytes:
    short = len(place) + len(alleles) <= _LONGEST_MADE
    return place + (alleles if short else blake2b(alleles, digest_size=16).hexdigest().encode())


def pvar_of_lines(lines: Texts, chromosome: str, kernel: Kernel) -> bytes | None:
    """Lines of a .pvar from those of a VCF, identifiers filled in; None where one is too long for this."""
    starts, stops = lines.starts, np.ascontiguousarray(lines.ends)
    name = chromosome.encode()
    room = 2 * int(np.minimum(stops - starts, _LIKELY).sum()) + (2 * len(name) + 16) * len(lines) + _LIKELY
    out = np.empty(room, np.uint8)
    made = kernel.pvar(np.ascontiguousarray(lines.blob), starts, stops, len(lines), name, out)
    return None if made < 0 else out[:made].tobytes()


def refuse_long_names(ids: Texts, longest: int, form: str, subject: str) -> None:
    """ProblemError where an identifier is longer than a format, or the programs that read it, can take."""
    most = int(ids.lengths.max(initial=0))
    if most > longest:
        raise _too_long(most, longest, form, subject)


def _too_long(most: int, longest: int, form: str, subject: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        f"An identifier is too long for {form}",
        f"It has {most:,} letters, and {form} takes {longest:,}.",
        "Choose VCF or BCF, which keep identifiers of any length, or give the variant a shorter one.",
        subject=subject,
    )
