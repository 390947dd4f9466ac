"""Making the books of a result in a process of its own: files that nobody looked into yet are read there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from app.domain.ledger import ResultLedger
from app.domain.progress import Report, silent
from app.genotypes.matrix import compared_name
from app.results.indexing.figures import FileFigures, load_figures, save_figures
from app.results.indexing.kinds import is_watched
from app.results.indexing.on_disk import look_into
from app.results.ledger.accounts import SentChromosome, SentUpload, build_ledger
from app.results.ledger.statistics_files import read_statistics

GENOTYPE_ENDINGS = (".vcf.gz", ".vcf", ".vcf.bgz")


@dataclass(frozen=True)
class LedgerErrand:
    """What the books are made from.

    `names` are the files of the result, relative to `folder`; `kept` is where figures of files are kept
    (one file of them an archive); `indexes` where indexes go of files that have none: None beside them,
    empty for nowhere.
    `sent_files` are the files of the upload that are unchanged, None where nothing is known of it;
    `sent_sites` what a check counted in them. `own_names` are (sent, own). `options_filter` is the R2 below
    which the job drops sites.
    """

    folder: str
    names: tuple[str, ...]
    kept: str
    made: datetime
    result_id: str = ""
    indexes: str | None = None
    messages: tuple[str, ...] = ()
    sent_files: tuple[str, ...] | None = None
    sent_files_gone: bool = False
    sent_sites: tuple[tuple[str, int], ...] = ()
    samples: tuple[str, ...] | None = None
    samples_hash: str = ""
    sample_count: int | None = None
    own_names: tuple[tuple[str, str], ...] = ()
    lifted: bool = False
    options_filter: str = ""


def make_books(errand: LedgerErrand, report: Report = silent) -> ResultLedger:
    """The books of a result. OSError and ContainerError of single files become remarks."""
    folder = Path(errand.folder)
    files = list(_figures(errand, folder, report))
    plain = [folder / name for name in errand.names if not is_watched(name)]
    statistics = read_statistics((path for path in plain if path.is_file()), errand.messages)
    sent = _sent(errand, report)
    return build_ledger(files, statistics, sent, errand.made, errand.result_id)


def _figures(errand: LedgerErrand, folder: Path, report: Report) -> Iterator[FileFigures]:
    """The figures of all imputed files, read from the disk where they are not kept."""
    kept = {each.name: each for each in known_figures(Path(errand.kept))} if errand.kept else {}
    fresh: list[FileFigures] = []
    for name in errand.names:
        path = folder / name
        if not is_watched(name) or not path.is_file():
            continue
        known = kept.get(name)
        if known is None or known.size != path.stat().st_size:
            known = _looked_into(path, name, errand.indexes, report)
            _under_sent_names(known, {own: sent for sent, own in errand.own_names})
            fresh.append(known)
        yield known
    if fresh and errand.kept:
        with contextlib.suppress(OSError):
            save_figures(Path(errand.kept) / "read-again.npz", fresh)


def _looked_into(path: Path, name: str, indexes: str | None, report: Report) -> FileFigures:
    index = path if indexes is None else Path(indexes) / name if indexes else None
    try:
        if index is not None:
            index.parent.mkdir(parents=True, exist_ok=True)
        return look_into(path, name, index=index, report=report)
    except OSError as error:
        return FileFigures(name, notes=(f"it cannot be read or indexed: {error.strerror}.",))


def _under_sent_names(figures: FileFigures, sent_names: Mapping[str, str]) -> None:
    """Own names that were put back into a file are told from those that were sent."""
    figures.sent_names = tuple(sent_names.get(name, name) for name in figures.samples)
    pairs = zip(figures.sent_names, figures.samples, strict=True)
    figures.renamed = sum(sent != own for sent, own in pairs)


def known_figures(kept: Path) -> Iterator[FileFigures]:
    """What is kept of files, the newest last."""
    if not kept.is_dir():
        return
    for path in sorted(kept.glob("*.npz"), key=lambda each: each.stat().st_mtime_ns):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, BadZipFile):
            yield from load_figures(path)


def _sent(errand: LedgerErrand, report: Report) -> SentUpload | None:
    if errand.sent_files is None and errand.samples is None and not errand.sent_sites:
        return None
    chromosomes = {name: SentChromosome(count) for name, count in errand.sent_sites}
    notes: list[str] = []
    read: dict[str, SentChromosome] = {}
    if errand.sent_files and not errand.sent_files_gone:
        for name, one in _read_sent(errand.sent_files, report):
            read[name] = _joined(read.get(name), one)
        chromosomes |= read
    elif errand.sent_files_gone:
        notes.append(
            "The files that were sent have changed or are gone, so typed sites are counted and not followed "
            "one by one."
        )
    filtered = errand.options_filter not in ("", "0", "0.0")
    return SentUpload(
        chromosomes=chromosomes,
        samples=errand.samples,
        samples_hash=errand.samples_hash,
        sample_count=errand.sample_count,
        lifted=errand.lifted,
        later=f"Below the R2 filter of the job ({errand.options_filter})" if filtered else "",
        notes=tuple(notes),
    )


def _joined(one: SentChromosome | None, other: SentChromosome) -> SentChromosome:
    """A chromosome that went in several files."""
    if one is None or one.keys is None or other.keys is None:
        return other
    return SentChromosome(one.sites + other.sites, np.concatenate([one.keys, other.keys]))


def _read_sent(files: tuple[str, ...], report: Report) -> Iterator[tuple[str, SentChromosome]]:
    """The sites of the files that were sent, by chromosome; a file that cannot be read is left out."""
    for each in files:
        path = Path(each)
        if not path.name.endswith(GENOTYPE_ENDINGS):
            continue
        with contextlib.suppress(OSError):
            figures = look_into(path, path.name, keep_all=True, report=report)
            if figures.notes:
                continue
            for one in figures.chromosomes:
                yield compared_name(one.name), SentChromosome(one.records, one.typed_keys)
