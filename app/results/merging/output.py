"""The dose and info file of a chromosome, written together: both or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.matrix import bare_name
from app.genotypes.texts import Texts
from app.results.doses.writing import DoseWriter


def refuse_existing(paths: Sequence[Path]) -> None:
    """ProblemError when one of the files that are to be written is there."""
    there = [path for path in paths if path.exists()]
    if there:
        raise problem(
            Kind.INPUT,
            "There is a result in that folder already",
            f"{there[0].name} would be overwritten.",
            "Choose an empty folder.",
            subject=there[0].name,
        )


@contextmanager
def staged(out_dir: Path, folder: Path | None = None) -> Iterator[Path]:
    """A new folder in `out_dir` whose files move there when the block ends well, and are gone when it raises.

    Who may end the process from outside names the `folder`, to remove it then.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    folder = folder or out_dir / f".unfinished-{uuid4().hex}"
    folder.mkdir()
    try:
        yield folder
        made = sorted(folder.iterdir())
        refuse_existing([out_dir / each.name for each in made])
        for each in made:
            os.replace(each, out_dir / each.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class ChromosomeOutput:
    """Writes `chrN.dose.vcf.gz` with its index, and `chrN.info.gz`; use in a `with`."""

    def __init__(
        self,
        folder: Path,
        chromosome: str,
        samples: Sequence[str],
        header: Sequence[str],
        fields: str = "GT:DS:HDS",
    ) -> None:
        self.dose, self.info = self.paths(folder, chromosome)
        self._chromosome = chromosome
        self._samples = samples
        self._header = header
        self._fields = fields
        self.written = 0

    @staticmethod
    def paths(folder: Path, chromosome: str) -> tuple[Path, Path]:
        """Where the files of a chromosome are written."""
        stem = f"chr{bare_name(chromosome)}"
        return folder / f"{stem}.dose.vcf.gz", folder / f"{stem}.info.gz"

    def __enter__(self) -> Self:
        named = [(self._chromosome, None)]
        with ExitStack() as stack:
            self._out = stack.enter_context(
                DoseWriter(
                    self.dose, self._samples, chromosomes=named, header=self._header, fields=self._fields
                )
            )
            self._told = stack.enter_context(
                DoseWriter(self.info, (), chromosomes=named, header=self._header, index=False)
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(
        self,
        position: NDArray[np.int64],
        texts: tuple[Texts, Texts, Texts],
        info: Sequence[str],
        haplotypes: NDArray[np.float32],
        genotypes: NDArray[np.int8] | None = None,
    ) -> None:
        """Add variants; `texts` are ID, REF and ALT, `haplotypes` [variants, people, 2]."""
        self._out.write(self._chromosome, position, *texts, info, haplotypes, genotypes)
        self._told.write(self._chromosome, position, *texts, info, haplotypes[:, :0])
        self.written += len(position)
