"""Values put into the `{…}` of a template. Source: ga4gh.md 1.3, 2.3."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.domain.dataset import DataFile
from app.domain.problem import Kind, ProblemError, problem
from app.services.wes.template import PLACEHOLDER, Sends, Template, TemplatePanel, TemplateParameter

_CHROMOSOME = re.compile(
    r"(?:^|[^a-z0-9])chr(?:om(?:osome)?)?[._-]?(\d{1,2}|x|y|mt?)(?![a-z0-9])", re.IGNORECASE
)
_ENDINGS = (".gz", ".bgz", ".vcf", ".bcf")
SHEET = "samplesheet.csv"
_LEFT_OUT = object()


class Files:
    """The files of a run: each one is named once in the parameters and noted here as to be sent.

    `by_name`: files come along and are named by their name; else they are put into a store under `storage`,
    with `ending` after their name where they are encrypted, and `read` turns such a place into the address
    that the run is told. Servers and engines refuse names with blanks and signs (cwltool), change them
    (WESkit), or let one file take the place of another of its name: each file is sent under a name that is
    plain and its own.
    """

    def __init__(
        self,
        *,
        template: Template,
        panel: TemplatePanel,
        options: dict[str, str | bool],
        targets: tuple[DataFile, ...],
        by_name: bool,
        storage: str,
        ending: str,
        name: str,
        read: Callable[[str], str] = str,
    ) -> None:
        self.template, self.panel, self.options, self.targets = template, panel, options, targets
        self.name = name
        self.sheet = self.sheet_name = ""
        self._names: dict[str, str] = {}
        self._taken = {each.lower() for each in (template.workflow.main, *template.workflow.files, SHEET)}
        self.attached: list[DataFile] = []
        self.stored: list[tuple[DataFile, str]] = []
        self._by_name, self._storage, self._ending, self._read = by_name, storage, ending, read

    def reference(self, file: DataFile) -> Any:
        """How a file of this computer is named in the parameters."""
        name = self._name_of(file)
        file = file.model_copy(update={"name": name})
        if self._by_name:
            if file not in self.attached:
                self.attached.append(file)
            return self._shaped(name, "path")
        address = f"{self._storage}/{name}{self._ending}"
        if all(known != file for known, _ in self.stored):
            self.stored.append((file, address))
        return self._shaped(self._read(address), "location")

    def _name_of(self, file: DataFile) -> str:
        """The name of a file at the server, the same whenever it is asked for."""
        if file.path not in self._names:
            plain = plain_file_name(file.name)
            number = 1
            while (name := plain if number == 1 else f"{number}_{plain}").lower() in self._taken:
                number += 1
            self._taken.add(name.lower())
            self._names[file.path] = name
        return self._names[file.path]

    def given(self, text: str) -> Any:
        """What a person or a panel names: a file of this computer, else what the server reads by itself."""
        path = Path(text).expanduser()
        if "://" not in text and path.is_file():
            seen = path.stat()
            file = DataFile(path=str(path), name=path.name, size=seen.st_size, modified=seen.st_mtime_ns)
            return self.reference(file)
        if "://" not in text and not text.startswith("/"):
            raise _no_file(text)
        return self._shaped(text, "location" if "://" in text else "path")

    def _shaped(self, text: str, key: str) -> Any:
        if self.template.workflow.type.upper() == "CWL":
            return {"class": "File", key: text}
        return text

    def sample_sheet(self) -> Any:
        """A table of samples and files, made here and sent along."""
        if not self._by_name:
            what = f"{self.template.name} reads its input from a table that comes along"
            raise problem(Kind.REFUSED, "This service takes no files along with a run", what)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("sample", "vcf", "population", "sex"))
        for file in self.targets:
            told = self.reference(file)
            writer.writerow((stem(file.name), _as_text(told), "", ""))
        self.sheet, self.sheet_name = out.getvalue(), SHEET
        return self._shaped(SHEET, "path")


def stem(name: str) -> str:
    """The name of a file without the endings of genotypes, in letters that no shell minds."""
    bare = Path(name).name
    while bare.lower().endswith(_ENDINGS):
        bare = bare[: bare.rindex(".")]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", bare).strip("._-") or "study"


def plain_file_name(name: str) -> str:
    """The name of a file in letters that every server and engine takes as they are."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", Path(name).name).strip("._-") or "file"


def chromosome_of(name: str) -> str | None:
    """The chromosome that a name of a file speaks of."""
    match = _CHROMOSOME.search(Path(name).name)
    return match[1].upper() if match else None


def fill(tree: Any, files: Files) -> dict[str, Any]:
    """The parameters of a run; what is empty and not required is left out."""
    filled = _fill(tree, files)
    return filled if isinstance(filled, dict) else {}


def _fill(tree: Any, files: Files) -> Any:
    if isinstance(tree, dict):
        pairs = ((name, _fill(each, files)) for name, each in tree.items())
        return {name: each for name, each in pairs if each is not _LEFT_OUT}
    if isinstance(tree, list):
        return [each for each in (_fill(one, files) for one in tree) if each is not _LEFT_OUT]
    if not isinstance(tree, str):
        return tree
    whole = PLACEHOLDER.fullmatch(tree)
    if whole:
        return _value(whole[1], files)
    return PLACEHOLDER.sub(lambda match: _as_text(_value(match[1], files)), tree)


def _as_text(value: Any) -> str:
    if value is _LEFT_OUT:
        return ""
    if isinstance(value, dict):
        return str(value.get("path") or value.get("location") or "")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(name: str, files: Files) -> Any:
    if name.startswith("panel."):
        return _of_panel(name.removeprefix("panel."), files)
    own = _OWN.get(name)
    if own is not None:
        return own(files)
    parameter = next((each for each in files.template.parameters if each.id == name), None)
    return _LEFT_OUT if parameter is None else _of_parameter(parameter, files)


def _words(files: Files) -> str:
    return " ".join(_as_text(files.reference(each)) for each in files.targets)


_OWN: dict[str, Any] = {
    "targets": lambda files: [files.reference(each) for each in files.targets],
    "target": lambda files: files.reference(files.targets[0]),
    "target_words": _words,
    "target_names": lambda files: _names(files),
    "target_pairs": lambda files: [
        [name, files.reference(each)] for name, each in zip(_names(files), files.targets, strict=True)
    ],
    "sample_sheet": lambda files: files.sample_sheet(),
    "job_name": lambda files: files.name,
    "build": lambda files: files.panel.build or _LEFT_OUT,
}


def _names(files: Files) -> list[str]:
    """A name for each target, no two alike: results are called by them."""
    names = [stem(each.name) for each in files.targets]
    return [name if names.count(name) == 1 else f"{name}.{at}" for at, name in enumerate(names, start=1)]


def _of_panel(name: str, files: Files) -> Any:
    panel = files.panel
    if name in {"id", "name"}:
        return str(getattr(panel, name))
    value = panel.values[name]
    whole = PLACEHOLDER.fullmatch(value)
    if whole:
        return _value(whole[1], files)
    return PLACEHOLDER.sub(lambda match: _as_text(_value(match[1], files)), value)


def _of_parameter(parameter: TemplateParameter, files: Files) -> Any:
    chosen = files.options.get(parameter.id, parameter.default)
    value = files.panel.sets.get(parameter.id, chosen)
    if parameter.sends is Sends.BOOLEAN:
        return value is True or str(value).strip().lower() in {"true", "yes", "on", "1"}
    text = str(value).strip()
    if not text:
        return _LEFT_OUT
    if parameter.sends is Sends.FILE:
        return files.given(text)
    if parameter.sends is Sends.FILE_EACH:
        return [files.given(_for_target(text, each)) for each in files.targets]
    if parameter.sends is Sends.WORDS:
        return [part.strip() for part in text.split(",") if part.strip()]
    if parameter.sends in {Sends.INTEGER, Sends.NUMBER}:
        return _number(parameter, text)
    return text


def _number(parameter: TemplateParameter, text: str) -> int | float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if number != number or (parameter.sends is Sends.INTEGER and not number.is_integer()):
        what = f"“{parameter.label}” is “{text[:40]}”"
        raise problem(Kind.INPUT, "This is not a number", what, "Enter a number", subject=parameter.id)
    return int(number) if number.is_integer() else number


def _for_target(text: str, target: DataFile) -> str:
    """The panel of a target: `%s` and `{chrom}` stand for the chromosome that its name speaks of."""
    if "%s" not in text and "{chrom}" not in text:
        return text
    chromosome = chromosome_of(target.name)
    if chromosome is None:
        what = f"The panel is kept by chromosome, and the name {target.name} speaks of none"
        raise problem(Kind.INPUT, "Which chromosome is it?", what, "Call it, for example, study.chr22.vcf.gz")
    return text.replace("%s", chromosome).replace("{chrom}", chromosome)


def _no_file(text: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The file is not there",
        f"“{text[:120]}” is no file of this computer, no address and no path on the server",
        "Name a file that is there, an address, or a path on the server that begins with /",
    )
