"""The file in a folder that says where the data in it and below may go. Needs no store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.domain.residency import NOWHERE, Residency, combined, residency_of
from app.domain.rule_file import RULE_FILE as RULE_FILE

_LONGEST = 4096
_ABOUT = "# Where the data in this folder may go; it is the rule of the files that they were made of.\n"


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
    path = folder / RULE_FILE
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError):
        return NOWHERE
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return understood("\n".join(lines))


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
    if (out / RULE_FILE).exists():
        raise problem(
            Kind.REFUSED,
            "The folder is under another rule",
            f"The data may go only to: {rule.words()}. {out / RULE_FILE} allows more.",
            "Choose another folder, or write the narrower rule into that file.",
            subject=str(out),
        )
    return f"{_ABOUT}{rule.code()}\n"
