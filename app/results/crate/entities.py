"""The entities of a crate: RO-Crate 1.1 with the profiles Workflow Run Crate 0.5 and Workflow RO-Crate 1.0.

The main workflow is the description of the job as it was asked for (`provenance/run.json`); the run of it is
one action, what the service or engine did another. Files that were sent are named by their hash (RFC 6920):
they are not in the crate, and their names may tell who is in them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote_to_bytes

from app.domain.result_report import InputFact, OutputFact, RunFacts, ServiceFacts, SoftwareFact
from app.genotypes.reporting.hiding import Hiding
from app.results.crate.crate_files import BIBTEX, HTML, MANIFEST, METADATA, METHODS, PDF, RUN

Entity = dict[str, object]
CRATE = "https://w3id.org/ro/crate/1.1"
CONTEXT = [f"{CRATE}/context", "https://w3id.org/ro/terms/workflow-run/context"]
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
NO_DIGEST = "0" * 64
_BY_HASH, _PLACE = "ni:///sha-256;", "?file="
_LANGUAGE, _SERVICE, _RUN, _IMPUTATION, _RESULT = (
    "#run-description",
    "#service",
    "#run",
    "#imputation",
    "#param-result",
)
_TITLES = {
    RUN: "What was asked for",
    HTML: "Report as a page",
    PDF: "Report as PDF",
    METHODS: "Methods paragraph",
    BIBTEX: "References",
}
_TYPES = {
    ".gz": "application/gzip",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".json": "application/json",
    ".bib": "application/x-bibtex",
    ".tsv": "text/tab-separated-values",
    ".zip": "application/zip",
}

_FIXED: tuple[Entity, ...] = (
    {
        "@id": "#licence",
        "@type": "CreativeWork",
        "name": "Not stated",
        "description": "No licence was chosen; ask the owner of the data.",
    },
    {
        "@id": "#digest",
        "@type": "PropertyValue",
        "name": "SHA-256 of this file with this value as zeros",
        "value": NO_DIGEST,
    },
    {"@id": _LANGUAGE, "@type": "ComputerLanguage", "name": "Haplodesk run description", "version": "1"},
)


@dataclass(frozen=True)
class CrateParts:
    """What a crate tells of: `added` are the files that it makes itself.

    `detached`: the files of the result lie elsewhere, so they are named by their hashes and paths.
    """

    facts: RunFacts
    outputs: Sequence[OutputFact]
    added: Sequence[OutputFact]
    detached: bool = False


def graph(parts: CrateParts, hiding: Hiding) -> list[Entity]:
    """All entities; names of people are told as `hiding` allows, but for names of files of the result."""
    inputs = _inputs(parts.facts, hiding)
    values = _values(parts.facts)
    outputs = [_output(each, parts.detached) for each in parts.outputs]
    made = [_file(each) | _made(each) for each in parts.added]
    manifest = _manifest()
    slots = _parameters(inputs, values, outputs)
    _join_slots(made, slots)
    actions = _actions(parts.facts, inputs, values, outputs)
    files: list[Entity] = [*(each for each in inputs if each["@type"] == "File"), *outputs, *made, manifest]
    entities = [
        _descriptor(),
        _root(parts.facts, hiding, files, actions),
        *_profiles(),
        *_FIXED,
        *files,
        *(each for each in inputs if each["@type"] != "File"),
        *values,
        *slots,
        *actions,
        *_software(parts.facts),
        *_people(parts.facts),
    ]
    return [_single(each) for each in entities]


def _manifest() -> Entity:
    name = "SHA-256 of all files"
    return {"@id": MANIFEST, "@type": "File", "name": name, "encodingFormat": "text/plain"}


def _descriptor() -> Entity:
    return {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": [{"@id": CRATE}, {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"}],
        "identifier": {"@id": "#digest"},
    }


def _root(facts: RunFacts, hiding: Hiding, files: Iterable[Entity], actions: Iterable[Entity]) -> Entity:
    where = facts.service.name or hiding.text(facts.origin)
    words = "Result of a genotype imputation" + (f" by {where}" if where else "")
    words += f" with the panel {facts.panel.name}" if facts.panel.name else ""
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": hiding.text(facts.title) or "Imputation result",
        "description": words + ".",
        "datePublished": facts.made.isoformat(),
        "license": {"@id": "#licence"},
        "conformsTo": [{"@id": each} for each in PROFILES],
        "hasPart": _ids(files),
        "mainEntity": {"@id": RUN},
        "mentions": _ids(actions),
        **({"author": {"@id": "#person"}} if facts.person else {}),
    }


def _profiles() -> list[Entity]:
    return [
        {"@id": name, "@type": "CreativeWork", "name": title, "version": version}
        for name, (title, version) in PROFILES.items()
    ]


def file_id(path: str) -> str:
    """A path as the URI of a data entity; bytes that are no text stay what they are."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def path_of(identifier: str) -> str:
    """The path of a data entity."""
    return unquote_to_bytes(identifier).decode("utf-8", "surrogateescape")


def _file(fact: OutputFact) -> Entity:
    told: Entity = {
        "@id": file_id(fact.path),
        "@type": "File",
        "name": PurePosixPath(path_of(file_id(fact.path))).name.encode("utf-8", "replace").decode(),
        "contentSize": str(fact.size),
        "sha256": fact.sha256,
        "encodingFormat": _TYPES.get(PurePosixPath(fact.path).suffix.lower(), "application/octet-stream"),
    }
    return told | ({"description": f"Holds: {fact.kind}"} if fact.kind else {})


def _output(fact: OutputFact, detached: bool) -> Entity:
    told = _file(fact) | {"exampleOfWork": {"@id": _RESULT}}
    if not detached:
        return told
    place = quote(fact.path.encode("utf-8", "surrogateescape"), safe="")
    name = {"@id": f"{_hash_name(fact.sha256 or '')}{_PLACE}{place}"}
    return told | name | {"alternateName": fact.path.encode("utf-8", "replace").decode()}


def place_elsewhere(identifier: str) -> str | None:
    """The path, in the folder of the result, of a file of a detached crate; None for any other identifier."""
    head, mark, place = identifier.partition(_PLACE)
    return path_of(place) if mark and head.startswith(_BY_HASH) else None


def _hash_name(digest: str) -> str:
    """The name of a file by its SHA-256 (RFC 6920)."""
    return _BY_HASH + base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")


def _made(fact: OutputFact) -> Entity:
    told: Entity = {"name": _TITLES[fact.path], "about": {"@id": _RUN}}
    if fact.path != RUN:
        return told
    return {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": _TITLES[fact.path],
        "version": "1",
        "programmingLanguage": {"@id": _LANGUAGE},
    }


def _inputs(facts: RunFacts, hiding: Hiding) -> list[Entity]:
    found: dict[str, Entity] = {}
    for number, each in enumerate(facts.inputs, start=1):
        entity = _input(number, each, hiding)
        found.setdefault(str(entity["@id"]), entity)
    return list(found.values())


def _input(number: int, fact: InputFact, hiding: Hiding) -> Entity:
    told: Entity = {
        "name": fact.name if hiding.off else f"input {number}",
        "encodingFormat": _TYPES.get(PurePosixPath(fact.name).suffix.lower(), "application/octet-stream"),
        "contentSize": str(fact.size),
        "exampleOfWork": {"@id": "#param-genotypes"},
        "description": f"Genotypes that were sent{f' ({fact.format})' if fact.format else ''}",
    }
    if fact.sha256 is None:
        return {"@id": f"#input-{number}", "@type": "CreativeWork", **told}
    return {"@id": _hash_name(fact.sha256), "@type": "File", **told, "sha256": fact.sha256}


def _values(facts: RunFacts) -> list[Entity]:
    told: dict[str, str | bool] = {"panel": facts.panel.name} if facts.panel.name else {}
    told |= {name: value for name, value in sorted(facts.options.items()) if name not in told}
    return [
        {
            "@id": f"#value-{quote(name, safe='')}",
            "@type": "PropertyValue",
            "name": name,
            "value": str(value).lower() if isinstance(value, bool) else value,
            "exampleOfWork": {"@id": f"#param-{quote(name, safe='')}-option"},
            "_kind": "Boolean" if isinstance(value, bool) else "Text",
        }
        for name, value in told.items()
    ]


def _parameters(
    inputs: Sequence[Entity], values: Sequence[Entity], outputs: Sequence[Entity]
) -> list[Entity]:
    """The slots of the workflow; the private notes of `_values` are taken out here."""
    found = [_parameter("#param-genotypes", "genotypes", "File", inputs)] if inputs else []
    for each in values:
        slot = each["exampleOfWork"]
        assert isinstance(slot, dict)
        found.append(_parameter(slot["@id"], str(each["name"]), str(each.pop("_kind")), [each]))
    return [*found, *([_parameter(_RESULT, "result", "File", outputs)] if outputs else [])]


def _join_slots(made: Iterable[Entity], slots: Sequence[Entity]) -> None:
    """Tell the workflow among the files of its slots."""
    for each in made:
        if each["@id"] == RUN:
            each["input"] = _ids(slot for slot in slots if slot["@id"] != _RESULT)
            each["output"] = _ids(slot for slot in slots if slot["@id"] == _RESULT)


def _parameter(identifier: str, name: str, kind: str, examples: Sequence[Entity]) -> Entity:
    return {
        "@id": identifier,
        "@type": "FormalParameter",
        "additionalType": kind,
        "name": name,
        "workExample": _ids(examples),
    }


def _actions(
    facts: RunFacts, inputs: Sequence[Entity], values: Sequence[Entity], outputs: Sequence[Entity]
) -> list[Entity]:
    """The run of what was asked for and, where it is recorded who did it, the imputation itself."""
    told: Entity = {
        "@type": "CreateAction",
        "object": _ids([*inputs, *values]),
        "result": _ids(outputs),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
    if facts.person:
        told["agent"] = {"@id": "#person"}
    ended = facts.ended or facts.verified
    end = {"endTime": ended.isoformat()} if ended else {}
    start = {"startTime": facts.submitted.isoformat()} if facts.submitted else {}
    run = {
        "@id": _RUN,
        "name": "Run of the job",
        "description": "From sending the genotypes to the verified files of the result.",
        "instrument": {"@id": RUN},
        **told,
        **start,
        **end,
    }
    tools = [_SERVICE] if facts.service.name else [_software_id(each) for each in _engines(facts)]
    if not tools:
        return [run]
    begun = {"startTime": facts.started.isoformat()} if facts.started else {}
    name = f"Imputation by {facts.service.name}" if facts.service.name else "Imputation"
    instrument = [{"@id": each} for each in tools]
    with_panel = f" with the panel {facts.panel.name}" if facts.panel.name else ""
    imputation = {
        "@id": _IMPUTATION,
        "name": name,
        "description": f"The genotypes were imputed{with_panel}.",
        "instrument": instrument,
    }
    return [run, {**imputation, **told, **begun, **end}]


def _engines(facts: RunFacts) -> list[SoftwareFact]:
    """Programs that imputed or phased, as far as that is told; else all but this one."""
    told = [each for each in facts.software if each.role]
    return told or [each for each in facts.software if each.name != "Haplodesk"]


def _software(facts: RunFacts) -> list[Entity]:
    found: list[Entity] = [
        {
            "@id": _software_id(each),
            "@type": "SoftwareApplication",
            "name": each.name,
            **({"softwareVersion": each.version} if each.version else {}),
            "description": f"As written in: {each.source}",
        }
        for each in facts.software
    ]
    return [_service(facts.service, found), *found] if facts.service.name else found


def _service(service: ServiceFacts, needs: Sequence[Entity]) -> Entity:
    told: Entity = {"@id": _SERVICE, "@type": "SoftwareApplication", "name": service.name}
    told |= {"url": service.base_url} if service.base_url else {}
    told |= {"softwareVersion": service.app_version} if service.app_version else {}
    return told | ({"softwareRequirements": _ids(needs)} if needs else {})


def _software_id(fact: SoftwareFact) -> str:
    return f"#software-{quote(fact.name.casefold(), safe='')}"


def _people(facts: RunFacts) -> list[Entity]:
    return [{"@id": "#person", "@type": "Person", "name": facts.person}] if facts.person else []


def _ids(entities: Iterable[Entity]) -> list[Entity]:
    return [{"@id": each["@id"]} for each in entities]


_LISTS = frozenset(("@type", "hasPart", "mentions", "conformsTo"))


def _single(entity: Entity) -> Entity:
    """A list of one thing is told as that thing, as RO-Crate has it."""
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 and name not in _LISTS else value
        for name, value in entity.items()
    }
