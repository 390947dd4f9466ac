"""Works to cite, chosen by what is recorded: by the service, the panel and the programs that took part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from app.domain.model import Model
from app.domain.resources import resource
from app.domain.result_report import RunFacts


class Reference(Model):
    """A work; `authors` as `Family, Given`, a group in braces, `others` for the rest.

    `matches` has regular expressions, lower case, for `service`, `panel` or `software`.
    """

    key: str
    matches: dict[str, str]
    type: str = "article"
    authors: tuple[str, ...]
    title: str
    journal: str
    year: int
    volume: str = ""
    pages: str = ""
    doi: str = ""


def references_of(facts: RunFacts) -> tuple[Reference, ...]:
    """The works of what took part, in the order of the list; nothing for what is not recorded."""
    told = {
        "service": f"{facts.service.name} {facts.service.app_id}" if facts.service.family != "local" else "",
        "panel": f"{facts.panel.name} {facts.panel.id}",
        "software": " ".join(each.name for each in facts.software),
    }
    return tuple(each for each in _every() if _fits(each, told))


def _every() -> Iterator[Reference]:
    text = resource("reports", "references.json").read_text(encoding="utf-8")
    yield from (Reference.model_validate(each) for each in json.loads(text))


def _fits(reference: Reference, told: dict[str, str]) -> bool:
    return any(re.search(words, told[what].casefold()) for what, words in reference.matches.items())


def plain(reference: Reference) -> str:
    """A line of a list of references."""
    names = [each.strip("{}").replace(", ", " ") for each in reference.authors if each != "others"]
    more = ", et al." if "others" in reference.authors else "" if names[-1].endswith(".") else "."
    place = f"{reference.journal} {reference.year};{reference.volume}:{reference.pages}."
    return f"{', '.join(names)}{more} {reference.title}. {place} https://doi.org/{reference.doi}"


def bibtex(references: tuple[Reference, ...]) -> str:
    """Entries that BibTeX and BibLaTeX read, in ASCII; empty when there is nothing to cite."""
    return "\n".join(map(_entry, references))


def _entry(reference: Reference) -> str:
    fields = {
        "author": " and ".join(_latex(each, keep_braces=True) for each in reference.authors),
        "title": "{" + _latex(reference.title) + "}",
        "journal": _latex(reference.journal),
        "year": str(reference.year),
        "volume": reference.volume,
        "pages": reference.pages.replace("–", "--"),
        "doi": reference.doi,
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@{reference.type}{{{reference.key},\n" + ",\n".join(lines) + "\n}\n"


_ACCENTS = {"ö": '{\\"o}', "ä": '{\\"a}', "ü": '{\\"u}', "ç": "{\\c c}", "é": "{\\'e}", "–": "--"}
_SIGNS = {"&": "\\&", "%": "\\%", "_": "\\_", "#": "\\#", "$": "\\$"}


def _latex(text: str, *, keep_braces: bool = False) -> str:
    signs = _ACCENTS | _SIGNS | ({} if keep_braces else {"{": "\\{", "}": "\\}"})
    return "".join(signs.get(letter, letter) for letter in text)
