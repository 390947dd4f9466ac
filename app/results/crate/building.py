"""Makes the crate of a result in its folder: report, description of the run, metadata, manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from app.domain.problem import Kind, problem
from app.domain.progress import Report
from app.domain.result_report import OutputFact, RunFacts
from app.genotypes.reporting.hiding import Hiding
from app.results.crate.crate_files import BIBTEX, HTML, MANIFEST, METADATA, METHODS, PDF, RUN
from app.results.crate.entities import CONTEXT, NO_DIGEST, CrateParts, graph
from app.results.crate.hashing import hash_files
from app.results.indexing.on_disk import write_whole
from app.results.reporting.making import ReportErrand, ReportForm, report_parts, written

_FORMS = {
    HTML: ReportForm.HTML,
    PDF: ReportForm.PDF,
    METHODS: ReportForm.METHODS,
    BIBTEX: ReportForm.BIBTEX,
}


def make_crate(errand: ReportErrand, detached: str, report: Report) -> int:
    """Write the crate of the files of the errand into their folder; how many files it proves.

    `detached` is another folder for it, empty for none: the result is then left as it is. Every file is read
    now, whatever is known of it. ProblemError when one has changed since it was verified, cannot be read, or
    the crate cannot be written; then nothing of it stays.
    """
    folder = Path(errand.folder)
    fresh = hash_files(folder, [each.model_copy(update={"sha256": None}) for each in errand.outputs], report)
    _refuse_changed(errand.outputs, fresh)
    parts, hiding = report_parts(replace(errand, outputs=fresh), report)
    made = {RUN: _run_file(parts.facts, hiding)}
    made |= {path: written(form, parts, hiding) for path, form in _FORMS.items()}
    added = [
        OutputFact(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest())
        for path, content in made.items()
    ]
    told = metadata(CrateParts(parts.facts, parts.outputs, added, bool(detached)), hiding)
    here = added if detached else (*parts.outputs, *added)
    files = {each.path: each.sha256 or "" for each in here}
    made |= {METADATA: told, MANIFEST: manifest(files, told)}
    _write(Path(detached) if detached else folder, made)
    return len(parts.outputs) + len(added)


def metadata(parts: CrateParts, hiding: Hiding) -> bytes:
    """The metadata file; it holds its own hash, taken with zeros in its place."""
    told = {"@context": CONTEXT, "@graph": graph(parts, hiding)}
    text = json.dumps(told, indent=1, ensure_ascii=True).encode("ascii") + b"\n"
    held = f'"value": "{NO_DIGEST}"'.encode()
    return text.replace(held, held.replace(NO_DIGEST.encode(), hashlib.sha256(text).hexdigest().encode()), 1)


def manifest(files: Mapping[str, str], told: bytes) -> bytes:
    """The hashes of all files as `sha256sum -c` reads them, that of the metadata first."""
    lines = [_line(hashlib.sha256(told).hexdigest(), METADATA)]
    lines += [_line(digest, path) for path, digest in sorted(files.items())]
    return b"".join(lines)


def _line(digest: str, path: str) -> bytes:
    name = path.encode("utf-8", "surrogateescape")
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"\\" if escaped != name else b"") + digest.encode() + b"  " + escaped + b"\n"


def _run_file(facts: RunFacts, hiding: Hiding) -> bytes:
    """What was asked for: the main workflow of the crate."""
    inputs = [
        {"name": each.name if hiding.off else f"input {number}", "size": each.size, "sha256": each.sha256}
        for number, each in enumerate(facts.inputs, start=1)
    ]
    told = {
        "kind": "haplodesk run description",
        "version": 1,
        "written_by": f"haplodesk {facts.haplodesk}",
        "service": facts.service.model_dump(mode="json"),
        "panel": facts.panel.model_dump(mode="json"),
        "options": dict(sorted(facts.options.items())),
        "inputs": inputs,
        "programs": [each.model_dump(mode="json") for each in facts.software],
        "header": [[name, hiding.text(value)] for name, value in facts.header],
    }
    return (json.dumps(told, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _refuse_changed(known: Sequence[OutputFact], fresh: Sequence[OutputFact]) -> None:
    for before, now in zip(known, fresh, strict=True):
        if before.sha256 is not None and before.sha256 != now.sha256:
            raise problem(
                Kind.INPUT,
                "A file of the result has changed",
                f"{now.path} is not as it was when it was verified.",
                "Fetch the result again, or see 'results verify'. No crate was written.",
                subject=now.path,
            )


def _write(folder: Path, made: Mapping[str, bytes]) -> None:
    fresh = [folder / path for path in made if not (folder / path).exists()]
    try:
        for path, content in made.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, content)
    except OSError as error:
        for path_made in fresh:
            path_made.unlink(missing_ok=True)
        raise problem(
            Kind.DISK,
            "The crate was not written",
            error.strerror or str(error),
            "See that you may write into the folder of the result and that its disk has room.",
            subject=folder.name,
        ) from error
