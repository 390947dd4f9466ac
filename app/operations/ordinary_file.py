"""Files that can be read to an end; needs no store, so that the command line can ask before there is one."""

from __future__ import annotations

import os
from pathlib import Path

from app.domain.problem import Kind, problem


def refuse_special(path: Path) -> None:
    """To open a pipe would wait for its writer, for ever. ProblemError; OSError when it cannot be asked."""
    if path.exists() and not path.is_file():
        raise problem(
            Kind.INPUT,
            "This is not an ordinary file",
            f"{path} is a pipe, a socket or a device.",
            "Save the data as a file, then check that.",
            subject=str(path),
        )


def readable_stat(path: Path) -> os.stat_result:
    """The facts of a file that can be opened for reading; ProblemError for one that cannot."""
    try:
        refuse_special(path)
        stat = path.stat()
        with path.open("rb"):
            return stat
    except OSError as error:
        raise problem(
            Kind.INPUT,
            "The file cannot be read",
            f"{path}: {os.strerror(error.errno) if error.errno else error}.",
            "Look at its place and its permissions.",
            subject=str(path),
        ) from error


def files_inside(folder: Path) -> list[Path]:
    """The files of a folder that hold genotypes, by their content or by what they claim to be; ProblemError
    when there is none."""
    from app.genotypes.readers.file_sets import genotype_files

    found = genotype_files(folder)
    if not found:
        raise problem(
            Kind.INPUT,
            "A folder without genotype files",
            f"{folder} holds no file with genotypes in a format that is known here.",
            "Choose the files themselves, or the folder they are in.",
            subject=str(folder),
        )
    return found
