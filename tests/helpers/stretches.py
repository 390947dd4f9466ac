"""Stretches of real chromosomes: what a whole one shows, a part of it shows in a fraction of the time."""

from __future__ import annotations

from pathlib import Path

from app.genotypes.bgzf import BgzfWriter, read_lines


def stretch(source: Path, target: Path, first: int, last: int) -> Path:
    """The records of a VCF from `first` to `last`, both included, with its header."""
    with BgzfWriter(target, level=1) as writer:
        for line in read_lines(source):
            if line.startswith(b"#"):
                writer.write(line + b"\n")
                continue
            position = int(line.split(b"\t", 2)[1])
            if position > last:
                break
            if position >= first:
                writer.write(line + b"\n")
    return target
