"""Files on their way into a folder: written in a hidden one inside it, moved when all of them are whole.

A process that writes can be killed at any moment, so the one that started it opens the stage, moves the files
and clears the stage away. Both folders lie on one file system, so that a move is a renaming.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.problem import Kind, ProblemError, problem
from app.domain.rule_file import RULE_FILE

if TYPE_CHECKING:
    from app.domain.repair import RepairOutcome


HIDDEN = ".haplodesk-"


@dataclass(frozen=True)
class Stage:
    """`files` are written for `out`, `work` is for what is only needed meanwhile; both lie in `folder`.

    `made` are the folders that were not there before, the innermost first.
    """

    out: Path
    folder: Path
    made: tuple[Path, ...]

    @property
    def files(self) -> Path:
        """What will be moved."""
        return self.folder / "files"

    @property
    def work(self) -> Path:
        """What will be removed."""
        return self.folder / "work"


def open_stage(out: Path) -> Stage:
    """Make a stage for a folder, and the folder where it is not there. ProblemError."""
    made = tuple(each for each in (out, *out.parents) if not each.exists())
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=HIDDEN, dir=out))
        stage = Stage(out, folder, made)
        stage.files.mkdir()
        stage.work.mkdir()
    except OSError as error:
        _remove_empty(made)
        raise unusable_folder(out, error) from error
    return stage


def put_rule(stage: Stage, text: str) -> None:
    """Have the rule of what will be written stand over it from its first byte on; nothing for no rule."""
    for folder in (stage.folder, stage.files) if text else ():
        (folder / RULE_FILE).write_text(text, encoding="utf-8")


def close_stage(stage: Stage) -> None:
    """Remove what was not moved, and folders that were made for it and are empty."""
    shutil.rmtree(stage.folder, ignore_errors=True)
    _remove_empty(stage.made)


def _remove_empty(folders: Sequence[Path]) -> None:
    with contextlib.suppress(OSError):
        for each in folders:
            each.rmdir()


@contextlib.contextmanager
def staged(out: Path) -> Iterator[Stage]:
    """A stage that is closed at the end, however the block ends."""
    stage = open_stage(out)
    try:
        yield stage
    finally:
        close_stage(stage)


def publish(stage: Stage, *, replace: bool = False, never: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Move all files to their folder and give their new places; all or none. ProblemError.

    No file is overwritten, whoever made it meanwhile; with `replace` files of the same names are, but for
    those in `never`, each at one moment, and they come back where not all can be moved.
    """
    moved: list[Path] = []
    aside: dict[Path, Path] = {}
    try:
        files = sorted(each for each in stage.files.rglob("*") if each.is_file())
        for path in sorted(files, key=lambda each: each.name != RULE_FILE):  # it stands before the data do
            new = stage.out / path.relative_to(stage.files)
            new.parent.mkdir(parents=True, exist_ok=True)
            if replace and new.is_file() and not _is_one_of(new, never):
                aside[new] = _kept_aside(new, stage)
                os.replace(path, new)
            else:
                _move(path, new)
                moved.append(new)
    except BaseException as error:  # also where it is interrupted
        withdraw(stage, moved)
        for place, old in aside.items():
            os.replace(old, place)
        if isinstance(error, FileExistsError):
            raise is_there(new) from error
        if isinstance(error, OSError):
            raise unusable_folder(stage.out, error) from error
        raise
    return tuple(sorted([*moved, *aside]))


def _is_one_of(path: Path, never: Sequence[Path]) -> bool:
    return any(each.exists() and path.samefile(each) for each in never)


def _kept_aside(path: Path, stage: Stage) -> Path:
    """Where the old file is, so that it can come back."""
    old = stage.work / "replaced" / path.relative_to(stage.out)
    old.parent.mkdir(parents=True, exist_ok=True)
    try:
        if path.is_symlink():
            raise OSError
        os.link(path, old)  # so that its name is never free
    except OSError:  # a disk that knows no links
        os.replace(path, old)
    return old


def _move(path: Path, new: Path) -> None:
    """Rename without replacing; FileExistsError when the new name is taken."""
    if os.name == "nt":
        os.rename(path, new)  # fails where the name is taken
        return
    try:
        os.link(path, new)
    except FileExistsError:
        raise
    except OSError as error:  # a disk that knows no links
        if os.path.lexists(new):
            raise FileExistsError(new) from error
        os.rename(path, new)
    else:
        path.unlink()


def withdraw(stage: Stage, moved: Sequence[Path]) -> None:
    """Remove what was moved, with the folders of groups and batches where they are empty."""
    for path in moved:
        path.unlink(missing_ok=True)
    inside = {each for path in moved for each in path.relative_to(stage.out).parents} - {Path()}
    for folder in sorted(inside, key=lambda each: -len(each.parts)):
        _remove_empty((stage.out / folder,))


def moved_outcome(outcome: RepairOutcome, stage: Stage) -> RepairOutcome:
    """The outcome of what was written into the stage, with the places where the files are now."""

    def place(path: str) -> str:
        return str(stage.out / Path(path).relative_to(stage.files)) if path else path

    files = tuple(each.model_copy(update={"path": place(each.path)}) for each in outcome.files)
    logs = {"site_log": place(outcome.site_log), "sample_map": place(outcome.sample_map)}
    groups = tuple(moved_outcome(each, stage) for each in outcome.groups)
    return outcome.model_copy(update={"files": files, "groups": groups, **logs})


def is_there(path: Path) -> ProblemError:
    """A file that would be overwritten: it may be an input."""
    return problem(
        Kind.INPUT,
        "A file is there already",
        f"{path} would be overwritten.",
        "Choose another folder, or move the file away.",
        subject=str(path),
    )


def unusable_folder(out: Path, error: OSError) -> ProblemError:
    """What a person is told of a folder that cannot be written to."""
    return problem(
        Kind.DISK,
        "The folder cannot be used",
        f"{out}: {error.strerror or error}.",
        "Look at its permissions and at the room on the disk, or choose another folder.",
        subject=str(out),
        details=type(error).__name__,
    )
