"""The file in a folder that says where the data in it and below may go. Needs no store."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.domain.residency import NOWHERE, Residency, combined, residency_of
from app.domain.rule_file import RULE_ABOUT
from app.domain.rule_file import RULE_FILE as RULE_FILE
from app.genotypes.repair.staging import unusable_folder
from app.operations.rule_names import rule_paths

_LONGEST = 4096


def rules_of_folders(paths: Iterable[str]) -> list[Residency]:
    """The rules of all folders above files."""
    return [rule for folder in folders_above(paths) if (rule := rule_file(folder)) is not None]


def folders_above(paths: Iterable[str]) -> list[Path]:
    """All folders above files, as they were named and as links lead."""
    found: dict[Path, None] = {}
    for each in paths:
        path = Path(each)
        for one in (path, path.resolve()):
            found.update(dict.fromkeys(one.parents))
    return list(found)


def rule_file(folder: Path) -> Residency | None:
    """The rule in the file of a folder, None where there is none; one that nobody can read allows nothing."""
    return combined(_read(each) for each in rule_paths(folder))


def _read(path: Path) -> Residency:
    try:
        if not path.is_file():  # a link that leads nowhere now, or something that is no file
            return NOWHERE
        with path.open("rb") as file:
            content = file.read(_LONGEST + 1)
        lines = content.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return NOWHERE
    if len(content) > _LONGEST:
        return NOWHERE
    return understood("\n".join(line for line in lines if not line.lstrip().startswith("#")))


def understood(text: str) -> Residency:
    """A rule that is not understood allows nothing."""
    try:
        return residency_of(text)
    except ProblemError:
        return NOWHERE


def needed_text(rule: Residency | None, out: Path) -> str:
    """What the file of a folder has to say for data under a rule; empty where the folder says it already.

    ProblemError when a file is there that allows more: it is not changed.
    """
    if rule is None:
        return ""
    there = combined(rules_of_folders([str(out.absolute() / "file")]))
    if there is not None and there.countries <= rule.countries:
        return ""
    if os.path.lexists(out / RULE_FILE):
        raise problem(
            Kind.REFUSED,
            "The folder is under another rule",
            f"The data may go only to: {rule.words()}. {out / RULE_FILE} allows more.",
            "Choose another folder, or write the narrower rule into that file.",
            subject=str(out),
        )
    return rule_text(rule)


def rule_text(rule: Residency) -> str:
    """The content of the file of a rule."""
    return f"{RULE_ABOUT}{rule.code()}\n"


@contextlib.contextmanager
def rule_first(rule: Residency | None, out: Path) -> Iterator[None]:
    """Data are written into a folder within the block, and their rule stands there before the first byte.

    So a program that is killed leaves no data without it. Where the block raises and nothing else lies there
    the file goes again, with folders that were made for it. ProblemError as of `needed_text`, or of the disk.
    """
    made = write_rule(rule, out)
    try:
        yield
    except BaseException:
        take_back_rule(out, made)
        raise


def write_rule(rule: Residency | None, out: Path) -> tuple[Path, ...]:
    """Put the file of a rule into a folder that is not under it already; what was made, innermost first.

    It is on the disk, not in a cache of the system, when this returns. ProblemError as of `rule_first`.
    """
    text = needed_text(rule, out)
    if not text:
        return ()
    new = tuple(each for each in (out, *out.parents) if not each.exists())
    try:
        out.mkdir(parents=True, exist_ok=True)
        with (out / RULE_FILE).open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        needed_text(rule, out)  # somebody else was quicker: as good where it says the same
        return ()
    except OSError as error:
        take_back_rule(out, (out / RULE_FILE, *new))
        raise unusable_folder(out, error) from error
    return (out / RULE_FILE, *new)


def take_back_rule(out: Path, made: Sequence[Path]) -> None:
    """Remove the file of a rule and the folders that were made for it, unless anything else lies there."""
    with contextlib.suppress(OSError):
        if not made or any(each.name != RULE_FILE for each in out.iterdir()):
            return
        (out / RULE_FILE).unlink(missing_ok=True)
        for each in made[1:]:
            each.rmdir()


def tighten_rule(rule: Residency | None, out: Path) -> None:
    """Put the file of a rule into a folder of the program's own; one that it wrote is never loosened.

    What a person wrote there stays as it is. A folder that is gone stays gone. ProblemError of the disk.
    """
    if rule is None or not out.is_dir():
        return
    there = rule_file(out)
    both = combined((there, rule))
    unspelled = not os.path.lexists(out / RULE_FILE)  # a person spelled it otherwise, and allows more
    if unspelled or there is None or both is None or there.countries <= rule.countries:
        write_rule(rule, out)
        return
    with contextlib.suppress(OSError):
        if (out / RULE_FILE).read_text("utf-8").startswith(RULE_ABOUT):
            part = out / f"{RULE_FILE}.part"
            part.write_text(rule_text(both), "utf-8")
            part.replace(out / RULE_FILE)
