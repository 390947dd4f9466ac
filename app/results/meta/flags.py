"""What INFO says of where a joined variant comes from: NST, S1 … SK, TRAINING, TYPED, IMPUTED."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.results.doses.contract import SiteKind
from app.results.merging.sites import Aligned

_SITE_KINDS = (
    '##INFO=<ID=TYPED,Number=0,Type=Flag,Description="Site was genotyped">',
    '##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="Site is in a panel">',
)


def source_header(names: Sequence[str], numbers: Sequence[int] | None = None) -> list[str]:
    """Declarations of NST and of a flag for each result; `numbers` count from 0, all by default."""
    places = range(len(names)) if numbers is None else numbers
    return [
        '##INFO=<ID=NST,Number=1,Type=Integer,Description="Number of results that have the variant">',
        *(
            f'##INFO=<ID=S{number + 1},Number=0,Type=Flag,Description="Variant is in {_quoted(name)}">'
            for number, name in zip(places, names, strict=True)
        ),
        *_SITE_KINDS,
    ]


def source_flags(has: NDArray[np.bool_], numbers: Sequence[int] | None = None) -> list[str]:
    """NST and the flags of each variant, from `has` [results, variants]."""
    places = np.arange(len(has)) if numbers is None else np.array(numbers)
    names = np.array([f"S{number + 1}" for number in places])
    patterns, which = np.unique(has, axis=1, return_inverse=True)
    texts = [";".join([f"NST={int(each.sum())}", *names[each].tolist()]) for each in patterns.T]
    return [texts[number] for number in which.ravel().tolist()]


def kind_flags(piece: Aligned) -> list[str]:
    """TYPED and IMPUTED of each variant, each with the semicolon before it."""
    words = {
        kind: ";TYPED" * bool(kind & SiteKind.TYPED) + ";IMPUTED" * (kind != SiteKind.TYPED)
        for kind in range(4)
    }
    return [words[kind & 3] for kind in piece.kinds.tolist()]


def _quoted(name: str) -> str:
    return "".join(each for each in name if each.isprintable() and each not in '"\\<>')
