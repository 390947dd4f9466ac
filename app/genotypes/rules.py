"""The rules of the services as data: a family's values, what a service changes, what a panel changes.

Read from `resources/rules/<family>.yaml`. What a service says of itself (its limits) wins over the pack, and
the difference is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from app.domain.model import Model
from app.domain.panel import Panel
from app.domain.problem import Kind, ProblemError, problem
from app.domain.resources import resource
from app.domain.service import Service
from app.genotypes.server.parameters import ServerQcParameters

HG = {"GRCh37": "hg19", "GRCh38": "hg38", "NCBI36": "hg18"}
"""How Cloudgene servers write builds."""

_NO_FREQUENCIES = frozenset({"off", "all", "mixed", "skip", "none"})


class RuleValues(Model):
    """What a pack may state; None is “not stated here”. See `ServerQcParameters` for the meanings."""

    min_samples: int | None = None
    max_samples: int | None = None
    chunk_size: int | None = None
    phasing_window: int | None = None
    overlap: float | None = None
    min_snps: int | None = None
    sample_call_rate: float | None = None
    mixed_genotypes: float | None = None
    strand_flips: int | None = None
    allele_switches: int | None = None
    chromosomes: tuple[str, ...] | None = None
    max_vcf_version: str | None = None
    variants_per_10_mb: int | None = None


class PanelRules(Model):
    """What a panel changes; `match` is a part of its id, in lower case."""

    match: str
    source: str
    as_of: date
    rules: RuleValues


class ServiceRules(Model):
    """What a service changes; found by its preset or by the host of its address."""

    preset: str
    hosts: tuple[str, ...] = ()
    source: str
    as_of: date
    certainty: str = ""
    rules: RuleValues
    panels: tuple[PanelRules, ...] = ()


class RuleFile(Model):
    """A whole file of rules."""

    family: str
    source: str
    as_of: date
    rules: RuleValues
    services: tuple[ServiceRules, ...] = ()


class RulePack(Model):
    """Everything by which one service judges an upload for one panel.

    `known` is False for families whose rules are not written down; then only the limits count. `sources` say
    where values come from and of when they are, `differs` where the service itself says something else than
    the pack. `parameters.build` is that of the upload, `parameters.panel_build` that of the panel.
    """

    service_id: str
    service: str
    panel_id: str | None = None
    panel: str = ""
    known: bool = True
    parameters: ServerQcParameters = ServerQcParameters()
    chromosomes: tuple[str, ...] = ()
    max_vcf_version: str | None = None
    variants_per_10_mb: int | None = None
    sources: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    panel_build_known: bool = True


def rules_for(
    service: Service,
    panel: Panel | None = None,
    *,
    population: str = "",
    build: str | None = None,
    phasing: str = "eagle",
    chain: Path | None = None,
) -> RulePack:
    """The rules of a service for a panel. ProblemError when the pack cannot be read.

    `build` is that of the upload (`GRCh37` …); None is taken to be the panel's. `phasing` and `population`
    are values of the service's form.
    """
    pack = RulePack(
        service_id=service.id,
        service=service.name,
        panel_id=panel.id if panel is not None else None,
        panel=panel.name if panel is not None else "",
    )
    file = rule_file(service.family)
    if file is None:
        return _without_pack(pack, service)
    layers = list(_layers(file, service, panel))
    values = _merged(rules for rules, _ in layers)
    values, differs = _with_limits(values, service)
    panel_build = panel.build if panel is not None else None
    upload = build or panel_build
    thresholds = {k: v for k, v in values.items() if k in ServerQcParameters.model_fields}
    parameters = ServerQcParameters(
        panel_id=_panel_id(panel),
        build=HG.get(upload or "", upload or "hg19"),
        panel_build=HG.get(panel_build or "", panel_build or HG.get(upload or "", "hg19")),
        population=population,
        populations=_populations(panel, population),
        phasing=phasing,
        chain=str(chain) if chain is not None else None,
        contact=f"the administrators of {service.name}",
        **thresholds,
    )
    return pack.model_copy(
        update={
            "parameters": parameters,
            "chromosomes": tuple(values.get("chromosomes") or ()),
            "max_vcf_version": values.get("max_vcf_version"),
            "variants_per_10_mb": values.get("variants_per_10_mb"),
            "sources": tuple(source for _, source in layers),
            "differs": differs,
            "panel_build_known": panel_build is not None,
        }
    )


def _without_pack(pack: RulePack, service: Service) -> RulePack:
    limits = service.limits
    parameters = ServerQcParameters(
        min_samples=limits.min_samples or 0, max_samples=limits.max_samples or 0, min_snps=0
    )
    return pack.model_copy(
        update={
            "known": False,
            "parameters": parameters,
            "chromosomes": limits.chromosomes,
            "max_vcf_version": limits.max_vcf_version,
        }
    )


def _panel_id(panel: Panel | None) -> str:
    """The panel as the server's messages name it: `apps@hrc-r1.1@2.0.0` → `hrc-r1.1`."""
    if panel is None:
        return "panel"
    parts = panel.id.removeprefix("apps@").split("@")
    return parts[0]


def _populations(panel: Panel | None, population: str) -> dict[str, int]:
    """Ids with 1 where frequencies are compared and -1 where they are not; empty: not asked."""
    if panel is None or not population:
        return {}
    return {each.id: -1 if each.id.lower() in _NO_FREQUENCIES else 1 for each in panel.populations}


def _layers(file: RuleFile, service: Service, panel: Panel | None) -> Iterable[tuple[RuleValues, str]]:
    yield file.rules, f"{file.source} ({file.as_of.isoformat()})"
    found = _service_rules(file, service)
    if found is None:
        return
    yield found.rules, f"{found.source} ({found.as_of.isoformat()})"
    for each in found.panels:
        if panel is not None and each.match in panel.id.lower():
            yield each.rules, f"{each.source} ({each.as_of.isoformat()})"


def _service_rules(file: RuleFile, service: Service) -> ServiceRules | None:
    host = urlsplit(service.base_url).hostname or ""
    wanted = "practice" if service.practice else service.preset_id
    by_preset = next((each for each in file.services if each.preset == wanted), None)
    return by_preset or next((e for e in file.services if host in e.hosts and e.preset != "practice"), None)


def _merged(layers: Iterable[RuleValues]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for each in layers:
        values |= each.model_dump(exclude_unset=True)
    return values


_LIMITS = {
    "min_samples": "fewest samples",
    "max_samples": "most samples",
    "chromosomes": "chromosomes",
    "max_vcf_version": "VCF version",
}


def _with_limits(values: dict[str, Any], service: Service) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the service says wins; the sentences tell where it differs."""
    told = []
    for name, words in _LIMITS.items():
        live = getattr(service.limits, name)
        if live in (None, ()) or live == values.get(name):
            continue
        if name != "chromosomes":
            told.append(f"{service.name} says {words}: {live}; the rules here say {values.get(name)}.")
        values = {**values, name: live}
    return values, tuple(told)


@cache
def rule_file(family: str) -> RuleFile | None:
    """The shipped rules of a family, None when there are none. ProblemError when they cannot be read."""
    path = resource("rules", f"{family}.yaml")
    return read_rules(path) if path.is_file() else None


def read_rules(path: Path) -> RuleFile:
    """A file of rules. ProblemError with the place of the fault."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        return RuleFile.model_validate(data)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise _unreadable(path, " ".join(str(error).split())) from error
    except ValidationError as error:
        raise _unreadable(path, _where(error)) from error


def _where(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the file"
    words = {"extra_forbidden": "is not known", "missing": "is missing"}
    return f"“{place}” {words.get(first['type'], 'has a value that is not understood')}"


def _unreadable(path: Path, why: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The rules of a service cannot be read",
        f"{path.name}: {why}.",
        "Install the program again, or correct the file.",
        subject=path.name,
    )
