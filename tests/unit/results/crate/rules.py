"""The must-rules of RO-Crate 1.1, Workflow RO-Crate 1.0, Process and Workflow Run Crate 0.5."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

Entity = dict[str, object]
ACTIONS = {"CreateAction", "ActivateAction", "UpdateAction"}
LISTS = {"@type", "hasPart", "mentions", "conformsTo"}
TOOLS = {"SoftwareApplication", "SoftwareSourceCode", "ComputationalWorkflow"}
DATA = {"File", "Dataset", "Collection", "CreativeWork", "PropertyValue"}


def kinds(entity: Entity) -> set[str]:
    """The types of an entity."""
    told = entity["@type"]
    return set(told) if isinstance(told, list) else {str(told)}


def ids(value: object) -> list[str]:
    """The identifiers that a property refers to."""
    return [
        str(each["@id"]) for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)
    ]


def broken(crate: dict[str, object]) -> list[str]:
    """The rules that a metadata file breaks, in words."""
    graph = crate["@graph"]
    assert isinstance(graph, list)
    known = {str(each["@id"]): each for each in graph}
    return [
        *_flat(graph, known),
        *_crate_rules(crate, known),
        *_workflow_rules(known),
        *_run_rules(known),
        *_parameter_rules(known),
    ]


def _flat(graph: list[Entity], known: dict[str, Entity]) -> Iterator[str]:
    if len(known) != len(graph):
        yield "two entities have one @id"
    for each in graph:
        if "@type" not in each:
            yield f"{each['@id']} has no @type"
        for name, value in each.items():
            if isinstance(value, list) and len(value) == 1 and name not in LISTS:
                yield f"{each['@id']} {name} is a list of one"
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict) and set(inner) != {"@id"}:
                    yield f"{each['@id']} {name} is nested"
                if isinstance(inner, dict) and inner["@id"] not in known and name != "conformsTo":
                    yield f"{each['@id']} {name} refers to what is not there: {inner['@id']}"


def _crate_rules(crate: dict[str, object], known: dict[str, Entity]) -> Iterator[str]:
    context = crate["@context"]
    if "https://w3id.org/ro/crate/1.1/context" not in (context if isinstance(context, list) else [context]):
        yield "the context is not that of RO-Crate"
    told = known.get("ro-crate-metadata.json", {})
    if told.get("@type") != "CreativeWork" or ids(told.get("about")) != ["./"]:
        yield "the descriptor does not describe the root"
    if "https://w3id.org/ro/crate/1.1" not in ids(told.get("conformsTo")):
        yield "the descriptor does not conform to RO-Crate 1.1"
    root = known.get("./", {"@type": ""})
    for name in ("name", "description", "datePublished", "license"):
        if not root.get(name):
            yield f"the root has no {name}"
    datetime.fromisoformat(str(root["datePublished"]))
    parts = set(ids(root["hasPart"]))
    for name, each in known.items():
        if kinds(each) & {"File"} and name not in parts:
            yield f"the file {name} is not part of the root"
        if kinds(each) & {"File"} and (" " in name or "\\" in name or name.startswith(("/", "#"))):
            yield f"the file {name} has no URI as @id"


def _workflow_rules(known: dict[str, Entity]) -> Iterator[str]:
    (main,) = ids(known["./"]["mainEntity"])
    workflow = known[main]
    if not {"File", "SoftwareSourceCode", "ComputationalWorkflow"} <= kinds(workflow):
        yield "the main entity is no workflow"
    languages = ids(workflow.get("programmingLanguage"))
    if not languages or "ComputerLanguage" not in kinds(known[languages[0]]):
        yield "the workflow has no language"


def _run_rules(known: dict[str, Entity]) -> Iterator[str]:
    root = known["./"]
    wanted = {"https://w3id.org/ro/wfrun/process/0.5", "https://w3id.org/ro/wfrun/workflow/0.5"}
    if not wanted <= set(ids(root["conformsTo"])):
        yield "the root does not conform to the profiles"
    if any("CreativeWork" not in kinds(known[each]) for each in ids(root["conformsTo"])):
        yield "a profile is no CreativeWork"
    actions = [each for each in known.values() if kinds(each) & ACTIONS]
    if not any(ids(each["instrument"]) == ids(root["mainEntity"]) for each in actions):
        yield "no action ran the main workflow"
    for each in actions:
        if not each.get("name") or not each.get("description"):
            yield f"{each['@id']} is not described"
        if str(each["@id"]) not in ids(root["mentions"]):
            yield f"the root does not mention {each['@id']}"
        if not ids(each.get("instrument")) or any(
            not kinds(known[tool]) & TOOLS for tool in ids(each["instrument"])
        ):
            yield f"{each['@id']} has no instrument"
        for what in (*ids(each["object"]), *ids(each["result"])):
            if not kinds(known[what]) & DATA:
                yield f"{each['@id']} took or made {what}, which is no data"
        for name in ("startTime", "endTime"):
            if name in each:
                datetime.fromisoformat(str(each[name]))


def _parameter_rules(known: dict[str, Entity]) -> Iterator[str]:
    workflow = known[ids(known["./"]["mainEntity"])[0]]
    slots = {*ids(workflow.get("input", [])), *ids(workflow.get("output", []))}
    for name in slots:
        if "FormalParameter" not in kinds(known[name]):
            yield f"{name} is no parameter"
    for name, each in known.items():
        if "FormalParameter" not in kinds(each):
            continue
        if name not in slots:
            yield f"the workflow does not have the parameter {name}"
        if not each.get("additionalType"):
            yield f"{name} has no type"
        for example in ids(each.get("workExample", [])):
            if ids(known[example]["exampleOfWork"]) != [name]:
                yield f"{example} does not refer back to {name}"
