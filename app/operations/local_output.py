"""Puts the chunks of a local job together: the files of a result, whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from app.imputation.bgzf_parts import header_and_body, write_parts
from app.imputation.part_run import PartResult, PartTask
from app.services.local.layout import OUTPUT, OutputFile

STATISTICS = "statistics"
DRAFT = f".{OUTPUT}.part"
_ENDINGS = {"dose": "dose.vcf.gz", "info": "info.gz", "empirical": "empiricalDose.vcf.gz"}
_LISTS = {
    "snps-excluded.txt": ("excluded.txt", "ID\tCHROM\tPOS\tREF\tALT\tINFO"),
    "typed-only.txt": ("typed-only.txt", "ID\tCHROM\tPOS\tREF\tALT"),
}
Made = Sequence[tuple[PartTask, PartResult]]


def write_output(folder: Path, results: Made, record: bytes) -> tuple[OutputFile, ...]:
    """Write the result of a job into its folder `output`; the files with their hashes.

    The parts of X come behind one another in one file. Records are copied as they are;
    whoever takes the files in makes their indexes.
    """
    draft = folder / DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    (draft / STATISTICS).mkdir(parents=True)
    for chromosome in dict.fromkeys(task.panel.chromosome for task, _ in results):
        mine = [each for each in results if each[0].panel.chromosome == chromosome]
        for kind, ending in _ENDINGS.items():
            _join(mine, kind, draft / f"chr{chromosome}.{ending}")
    (draft / "run.json").write_bytes(record)
    for name, (source, heads) in _LISTS.items():
        _list(results, source, heads, draft / STATISTICS / name)
    shutil.rmtree(folder / OUTPUT, ignore_errors=True)
    draft.replace(folder / OUTPUT)
    return _files(folder / OUTPUT)


def _join(results: Made, kind: str, path: Path) -> None:
    ranges, header = [], b""
    for task, result in results:
        for chunk in result.results:
            if kind in chunk.files:
                source = task.folder / f"chunk-{chunk.chunk.number}" / chunk.files[kind][0]
                mine, begin = header_and_body(source)
                header = header or mine
                ranges.append((source, begin, None))
    if ranges:
        write_parts(path, header, ranges)


def _list(results: Made, source: str, heads: str, path: Path) -> None:
    with path.open("wb") as out:
        out.write(heads.encode() + b"\n")
        for task, _ in results:
            with (task.folder / source).open("rb") as file:
                shutil.copyfileobj(file, out)


def _files(folder: Path) -> tuple[OutputFile, ...]:
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        name = path.relative_to(folder).as_posix()
        group = STATISTICS if name.startswith(STATISTICS) else "output"
        found.append(OutputFile(name=name, group=group, size=path.stat().st_size, sha256=digest))
    return tuple(found)
