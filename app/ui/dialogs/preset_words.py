"""What the catalogue says of a service, in words, with where and when it was read and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QWidget

from app.domain.preset import CERTAINTY_WORDS, Preset
from app.domain.residency import countries
from app.domain.service import Limits
from app.ui import text

Pairs = list[tuple[str, str | QWidget]]
PANELS_NAMED = 6


def preset_group(widget: QWidget, preset: Preset) -> str:
    """The heading under which a preset stands."""
    if preset.of:
        return widget.tr("From {0}").format(preset.of)
    if preset.own:
        return widget.tr("Your own computers")
    return widget.tr("Web pages") if preset.family == "guided" else widget.tr("With a way in for programs")


def place_words(preset: Preset) -> str:
    """The countries of a service by name."""
    codes = preset.jurisdictions or ((preset.country,) if preset.country else ())
    return ", ".join(countries().get(code, code) for code in codes)


def evidence_words(preset: Preset, field: str) -> str:
    """`docs.example (2024-09-24), from the operator or a paper, older`."""
    source = preset.evidence(field)
    return f"{source.text} ({source.as_of}), {CERTAINTY_WORDS[source.certainty]}"


def preset_pairs(widget: QWidget, preset: Preset, live: Limits | None = None) -> Pairs:
    """Facts with their source. Where the service itself tells another limit (`live`), both are said."""
    pairs: Pairs = []
    place = place_words(preset)
    if place:
        pairs.append((widget.tr("Country"), f"{place}\n{evidence_words(preset, 'country')}"))
    if preset.operator:
        pairs.append((widget.tr("Operator"), preset.operator))
    pairs += list(_limits(widget, preset, live))
    if preset.panels:
        pairs.append((widget.tr("Panels"), _panel_words(widget, preset)))
    pairs.append((widget.tr("Source"), evidence_words(preset, "")))
    return pairs


def _limits(widget: QWidget, preset: Preset, live: Limits | None) -> Iterator[tuple[str, str]]:
    for field, label, unit in _fields(widget):
        documented = getattr(preset.limits, field)
        if documented in (None, ()):
            continue
        said = _value(documented, unit)
        now = getattr(live, field) if live is not None else None
        if now not in (None, ()) and now != documented:
            said = widget.tr("The service says {0}; the catalogue says {1}").format(_value(now, unit), said)
        yield label, f"{said}\n{evidence_words(preset, f'limits.{field}')}"


def _fields(widget: QWidget) -> tuple[tuple[str, str, str], ...]:
    return (
        ("min_samples", widget.tr("People at least"), ""),
        ("max_samples", widget.tr("People at most"), ""),
        ("max_running_jobs", widget.tr("Jobs at once"), ""),
        ("max_file_mb", widget.tr("File size"), "MB"),
        ("max_upload_mb", widget.tr("Upload"), "MB"),
        ("max_downloads_per_file", widget.tr("Downloads of a file"), ""),
        ("retention_days", widget.tr("Results kept"), widget.tr("days")),
        ("chromosomes", widget.tr("Chromosomes"), ""),
        ("max_vcf_version", widget.tr("VCF version up to"), ""),
    )


def _value(value: object, unit: str) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    said = text.number(value) if isinstance(value, int | float) else str(value)
    return f"{said} {unit}".strip()


def _panel_words(widget: QWidget, preset: Preset) -> str:
    named = [
        " · ".join(filter(None, (panel.name, panel.build or ""))) for panel in preset.panels[:PANELS_NAMED]
    ]
    more = len(preset.panels) - len(named)
    return "\n".join([*named, widget.tr("and {0} more").format(more)] if more else named)
