"""Pipelines as the service describes them: applications, forms, panels, quotas. Pure functions.

Source: services.md 2.3.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any

from app.domain.panel import Panel
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.service import QUOTA_LABEL, Quota, ServiceApp, ServiceFact
from app.services.teaspoons.reading import inner, number, objects, raw_text, text

P = ParameterType
GENERATION = "teaspoons"
PANEL_PARAMETER, TERMS_PARAMETER, CHARGES_PARAMETER = "panel", "agreeToTerms", "charges"
BASENAME = "outputBasename"
OWN_PARAMETERS = frozenset({PANEL_PARAMETER, TERMS_PARAMETER})
"""Fields of the form that are no inputs of the pipeline."""
VCF = ".vcf.gz"
TERMS_PAGE = "https://services.terra.bio/#pipelines/terms-of-service"
_TYPES = {"FILE": P.FILES, "STRING": P.TEXT, "INTEGER": P.NUMBER, "FLOAT": P.NUMBER, "BOOLEAN": P.CHECKBOX}
_LABEL = "All of Us + AnVIL (GRCh38/hg38)"
_AUTOSOMES = tuple(str(number) for number in range(1, 23))
_SAMPLES = re.compile(r"([\d,]{4,})\s+samples")


def apps(data: dict[str, Any]) -> tuple[ServiceApp, ...]:
    """The pipelines; each version is an application of its own, the newest first."""
    found = [each for each in objects(data, "results") if text(each, "pipelineName")]
    found.sort(key=lambda each: (text(each, "pipelineName"), -(number(each, "pipelineVersion") or 0)))
    return tuple(_app(each) for each in found)


def _app(data: dict[str, Any]) -> ServiceApp:
    version = text(data, "pipelineVersion")
    name = text(data, "pipelineName")
    shown = text(data, "displayName") or name
    return ServiceApp(id=f"{name}@{version}" if version else name, name=shown, version=version)


def name_and_version(app_id: str) -> tuple[str, int | None]:
    """The pipeline and its version of an application; None for the one that the service chooses."""
    name, _, version = app_id.partition("@")
    return name, int(version) if version.isascii() and version.isdigit() else None


def facts(version: dict[str, Any], quotas: dict[str, Quota]) -> tuple[ServiceFact, ...]:
    """What is shown of the service beside its health."""
    found = [ServiceFact(label="Version", value=text(version, "gitTag") or text(version, "build"))]
    found += [
        ServiceFact(label=f"{QUOTA_LABEL} of {name}", value=quota_words(q)) for name, q in quotas.items()
    ]
    return tuple(fact for fact in found if fact.value)


def quota_words(quota: Quota) -> str:
    """How much of a quota is used."""
    if quota.used is None or quota.limit is None:
        return ""
    return f"{quota.used:,.0f} of {quota.limit:,.0f} {quota.unit} used".replace("  ", " ")


def quota(mine: dict[str, Any], pipeline: dict[str, Any]) -> Quota:
    """The user's quota with what the pipeline charges at least and takes at most."""
    general = inner(pipeline, "pipelineQuota")
    return Quota(
        limit=number(mine, "quotaLimit"),
        used=number(mine, "quotaConsumed"),
        unit=text(mine, "quotaUnits") or text(general, "quotaUnits"),
        charged_minimum=number(general, "minQuotaConsumed"),
        largest_job=number(general, "maxQuotaConsumed"),
    )


def form(data: dict[str, Any], app_id: str, terms: str) -> Form:
    """The form of a pipeline. `terms` is the text of the terms of service, empty when there is none."""
    inputs = [each for each in objects(data, "inputs") if text(each, "name")]
    name = text(data, "displayName") or text(data, "pipelineName")
    parameters = [_panel(data), *(_parameter(each) for each in inputs), *_charges(data), _terms(terms)]
    return Form(
        app_id=app_id,
        app_name=name,
        app_version=text(data, "pipelineVersion"),
        description=text(data, "description"),
        submit_label="Start",
        parameters=tuple(parameters),
    )


def _panel(data: dict[str, Any]) -> Parameter:
    """Each pipeline has one panel; it is not sent, but every job of this program is for a panel."""
    takes_vcf = any(_is_vcf(each) for each in objects(data, "inputs"))
    label = _LABEL
    if "all of us" not in text(data, "displayName").lower():
        label = f"Panel of {text(data, 'displayName') or text(data, 'pipelineName')}"
    if version := text(data, "pipelineVersion"):
        label += f", version {version} of the pipeline"
    return Parameter(
        id=PANEL_PARAMETER,
        label="Reference panel",
        type=P.PANEL,
        required=True,
        help="" if takes_vcf else "This pipeline takes no VCF, but files that lie in the cloud already.",
        choices=(Choice(key=text(data, "pipelineName"), label=label),) if takes_vcf else (),
    )


def _is_vcf(data: dict[str, Any]) -> bool:
    return text(data, "type") == "FILE" and text(data, "fileSuffix") in {VCF, ""}


def _parameter(data: dict[str, Any]) -> Parameter:
    kind = _TYPES.get(text(data, "type"), P.UNKNOWN)
    if kind is P.FILES and not _is_vcf(data):
        kind = P.UNKNOWN
    name = text(data, "name")
    own_name = name == BASENAME
    return Parameter(
        id=name,
        label=text(data, "displayName") or name,
        type=kind,
        raw_type=text(data, "type"),
        required=data.get("isRequired") is True and not own_name,
        default=text(data, "defaultValue"),
        help=text(data, "description") + (" Left empty, the name of the job is used." if own_name else ""),
        details=text(data, "validationRegexExplanation"),
        pattern=_pattern(raw_text(data, "validationRegex")),
        minimum=number(data, "minValue"),
        maximum=number(data, "maxValue"),
        accept=text(data, "fileSuffix"),
    )


def _pattern(regex: str) -> str:
    """A pattern that this program can use too; the service judges by any other."""
    try:
        re.compile(regex)
    except re.error:
        return ""
    return regex


def _charges(data: dict[str, Any]) -> tuple[Parameter, ...]:
    """What a job costs of the quota, to be read before it is sent."""
    told = quota({}, data)
    unit = told.unit or "samples"
    words = []
    if told.charged_minimum is not None:
        words.append(f"At least {told.charged_minimum:,.0f} {unit} are charged for a job.")
    if told.largest_job is not None:
        words.append(f"A job may have {told.largest_job:,.0f} {unit}.")
    if not words:
        return ()
    return (Parameter(id=CHARGES_PARAMETER, label=" ".join(words), type=P.INFO),)


def _terms(terms: str) -> Parameter:
    """Terms hold in the very words that were seen: a new text makes another box."""
    known = f" (text {hashlib.sha256(terms.encode()).hexdigest()[:12]})" if terms else ""
    return Parameter(
        id=TERMS_PARAMETER,
        label=f"I have read and accept the terms of service{known}",
        type=P.TERMS,
        required=True,
        details=terms,
        links=(TERMS_PAGE,),
    )


def panels(service_id: str, form: Form, at: datetime) -> tuple[Panel, ...]:
    """The panel of a pipeline. Its size is told in the description; the rest is known from its documents."""
    told = _SAMPLES.search(form.description)
    found = []
    for parameter in form.of_type(P.PANEL):
        for choice in parameter.choices:
            known = choice.label.startswith(_LABEL)
            found.append(
                Panel(
                    id=choice.key,
                    service_id=service_id,
                    app_id=form.app_id,
                    name=choice.label,
                    build="GRCh38" if known else None,
                    samples=int(told[1].replace(",", "")) if told else None,
                    chromosomes=_AUTOSOMES if known else (),
                    version=form.app_version,
                    as_of=at,
                )
            )
    return tuple(found)
