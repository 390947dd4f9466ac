"""What one pass over an imputed file found out; small enough to be kept beside the result."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.results.indexing.kinds import FileKind

MEGABASE = 1_000_000
Keys = NDArray[np.uint64]


@dataclass(eq=False)
class ChromosomeFigures:
    """The records of one chromosome of a file.

    `both` are typed sites that the panel has, `typed_only` those it has not, `imputed` those that were not
    typed; `unmarked` records say nothing of the kind. `by_megabase` int64 [megabases, 4] has the same four by
    (position - 1) // 1e6. `digest` is the sum of the keys of all sites (see `site_keys`) modulo 2^64: equal
    for equal sets of sites. `typed_keys` are those of typed sites, in the order of the file.
    """

    name: str
    records: int = 0
    both: int = 0
    typed_only: int = 0
    imputed: int = 0
    unmarked: int = 0
    first: int = 0
    last: int = 0
    digest: int = 0
    by_megabase: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 4), np.int64))
    typed_keys: Keys = field(default_factory=lambda: np.empty(0, np.uint64))

    @property
    def typed(self) -> int:
        """Typed sites, in the panel or not."""
        return self.both + self.typed_only


@dataclass(eq=False)
class FileFigures:
    """A file as it was written: `size` and `sha256` of its bytes on the disk.

    `end_marker` is None where the file is no BGZF. `sorted` False: no index could be made. `renamed` counts
    samples that got their own names back, `kept_names` those that could not. `notes` are sentences about
    what is odd, `whole` False that it is damaged or cut. `unread` is the format of an info file
    that is not read here, in words. `facts` are header lines that tell of the making (`mis_panel` …).
    """

    name: str
    kind: FileKind = FileKind.OTHER
    size: int = 0
    sha256: str = ""
    compression: str = ""
    end_marker: bool | None = None
    sorted: bool = True
    repacked: bool = False
    renamed: int = 0
    kept_names: int = 0
    samples: tuple[str, ...] = ()
    sent_names: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    index: str = ""
    notes: tuple[str, ...] = ()
    whole: bool = True
    unread: str = ""
    chromosomes: list[ChromosomeFigures] = field(default_factory=list)

    @property
    def records(self) -> int:
        """Records of all chromosomes."""
        return sum(each.records for each in self.chromosomes)


_ARRAYS = ("by_megabase", "typed_keys")


def save_figures(path: Path, found: list[FileFigures]) -> None:
    """Write figures as a whole or not at all. OSError."""
    arrays: dict[str, Any] = {}
    told = []
    for file_number, each in enumerate(found):
        plain = {k: v for k, v in asdict(each).items() if k != "chromosomes"}
        rows = []
        for number, one in enumerate(each.chromosomes):
            rows.append({k: v for k, v in asdict(one).items() if k not in _ARRAYS})
            arrays |= {f"{name}_{file_number}_{number}": getattr(one, name) for name in _ARRAYS}
        told.append({**plain, "chromosomes": rows})
    text = json.dumps(told, ensure_ascii=True).encode("ascii")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, told=np.frombuffer(text, np.uint8), **arrays)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def load_figures(path: Path) -> list[FileFigures]:
    """What `save_figures` wrote. OSError; ValueError or KeyError for anything else."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        told = json.loads(stored["told"].tobytes())
        return [_file(each, number, stored) for number, each in enumerate(told)]


def _file(told: dict[str, Any], file_number: int, stored: Any) -> FileFigures:
    rows = [
        ChromosomeFigures(**one, **{name: stored[f"{name}_{file_number}_{number}"] for name in _ARRAYS})
        for number, one in enumerate(told.pop("chromosomes"))
    ]
    sequences = ("samples", "sent_names", "formats", "notes")
    told |= {name: tuple(told[name]) for name in sequences}
    return FileFigures(**{**told, "kind": FileKind(told["kind"])}, chromosomes=rows)
