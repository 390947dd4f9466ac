"""The page of a report: one HTML file without anything from elsewhere; every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from string import Template
from typing import Any

from app.domain.resources import resource
from app.genotypes.reporting import drawings

Facts = dict[str, Any]
_MOST_ROWS = 200
_ABOUT = "Quality report by Haplodesk. Made on this computer; nothing was sent."
_DOTTED = "A dotted bar stands for one to four people, however many they are."
_OUTCOMES = {"accepts": "good", "partly": "fair", "refuses": "bad", "unknown": "fair"}
_SEVERITIES = {"severe": ("bad", "Severe"), "warning": ("fair", "Warning"), "info": ("", "Note")}


def page(told: Facts) -> str:
    """The whole page of the facts of `facts_of` with `figures`."""
    template = Template(resource("reports", "page.html").read_text(encoding="utf-8"))
    name = told["dataset"]["name"]
    sections = [
        _summary(told),
        *map(_verdict, told["verdicts"]),
        _findings(told["findings"]),
        _people(told["people"]),
        *_plots(told["figures"]),
        _repair(told["repair"]),
        _samples(told["figures"].get("samples", [])),
        _files(told["dataset"]["files"]),
    ]
    body = "\n".join(each for each in sections if each)
    return template.substitute(kind="dataset", title=escape(name), about=_ABOUT, contents="", body=body)


def _section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def _paragraph(words: object, kind: str = "") -> str:
    return f'<p class="{kind}">{escape(str(words))}</p>' if words else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    listed = list(rows)
    if not listed:
        return ""
    numeric = [_is_numeric(column) for column in zip(*listed, strict=True)]
    head = "".join(
        f'<th scope="col"{_right(number)}>{escape(each)}</th>'
        for each, number in zip(heads, numeric, strict=True)
    )
    body = "".join("<tr>" + "".join(map(_cell, row, numeric)) + "</tr>" for row in listed[:_MOST_ROWS])
    more = (
        f"<p>{len(listed) - _MOST_ROWS:,} more are in the JSON report.</p>"
        if len(listed) > _MOST_ROWS
        else ""
    )
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"


def _is_numeric(column: Sequence[object]) -> bool:
    """Numbers and nothing else: they stand at the right, under one another."""
    known = [each for each in column if each not in (None, "")]
    return bool(known) and all(isinstance(each, int | float) and not isinstance(each, bool) for each in known)


def _right(number: bool) -> str:
    return ' class="number"' if number else ""


def _cell(value: object, number: bool) -> str:
    return f"<td{_right(number)}>{escape(_cell_text(value))}</td>"


def _cell_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return "–" if value in (None, "") else str(value)


def _moment(iso: str | None) -> str:
    """`2026-11-26 04:21 UTC` of what the JSON report has to the microsecond."""
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M %Z}".strip() if iso else ""


def _summary(told: Facts) -> str:
    answer = told["answer"]
    if answer is None:
        return _section("Summary", _paragraph("The files were not checked."))
    kind = "good" if answer["accepted"] else "bad"
    said = "Nothing severe was found." if answer["accepted"] else answer["error"]
    build = answer["build"]
    rows = [
        ("Samples", answer["samples"]),
        ("Variants", answer["variants"]),
        ("Chromosomes", " ".join(answer["chromosomes"])),
        ("Build", f"{build['value'] or 'not known'} (confidence {build['confidence']:.3f})"),
        ("Phased", answer["phased"]),
        ("Checked", _moment(told["dataset"]["checked"])),
    ]
    return _section(
        "Summary",
        _paragraph(said, f"headline {kind}"),
        _table(("", ""), rows),
        *map(_paragraph, build["evidence"]),
    )


def _verdict(verdict: Facts) -> str:
    kind = _OUTCOMES.get(verdict["outcome"], "fair")
    where = " · ".join(each for each in (verdict["service"], verdict["panel"], verdict["population"]) if each)
    reasons = [
        (each["text"], each["here"], each["allowed"], each["repairable"], each["stops"])
        for each in verdict["reasons"]
    ]
    lost = [
        (
            c["chromosome"],
            c["start"],
            c["end"],
            c["reason"],
            c["variants"],
            c["overlap"],
            c["low_call_people"],
        )
        for c in verdict["lost_chunks"]
    ]
    heads = ("Chromosome", "Start", "End", "Reason", "Variants", "Overlap", "People with few calls")
    return _section(
        f"Verdict: {where}",
        _paragraph(verdict["headline"], f"headline {kind}"),
        _paragraph(verdict["remedy"]),
        _paragraph(verdict["server_says"], "quote"),
        _table(("Reason", "Here", "Allowed", "Repairable", "Stops"), reasons),
        _table(heads, lost),
        *map(_paragraph, [*verdict["warnings"], *verdict["not_judged"]]),
    )


def _findings(findings: Sequence[Facts]) -> str:
    return _section("Findings", *map(_finding, findings)) if findings else ""


def _finding(finding: Facts) -> str:
    kind, word = _SEVERITIES[finding["severity"]]
    count = finding["count"]
    number = f" ({count:,})" if isinstance(count, int) and count > 1 else f" ({count})" if count != 1 else ""
    small = " · ".join(each for each in (finding["file"], finding["where"], finding["code"]) if each)
    return (
        f'<article><h3><span class="tag {kind}">{word}</span> {escape(finding["title"] + number)}</h3>'
        + _paragraph(finding["detail"])
        + _paragraph(finding["what_to_do"])
        + _paragraph(small, "small")
        + "</article>"
    )


def _people(people: Facts | None) -> str:
    if people is None:
        return ""
    rows: list[tuple[str, object]] = [
        ("Call rate", people["call_rate"]),
        ("Low call rate", people["low_call_samples"]),
        ("Unusual heterozygosity", people["het_outliers"]),
        ("Sex stated otherwise", people["sex_conflicts"]),
    ]
    rows += [(f"Sex by X: {name}", count) for name, count in people["sex"].items()]
    rows += [(f"Related pairs: {name}", count) for name, count in people["related_pairs"].items()]
    rows += [(f"Ancestry: {name}", count) for name, count in people["ancestry"].items()]
    why = [f"{name}: {text}" for name, text in people["not_told"].items()]
    return _section("People", _table(("", "People"), rows), *map(_paragraph, why))


def _plots(figures: Facts) -> Iterable[str]:
    if "sample_call_rate" in figures:
        bars = drawings.histogram(figures["sample_call_rate"], "call rate", 3)
        yield _figure("Call rate of people", bars, _DOTTED)
    if "heterozygosity" in figures:
        het = figures["heterozygosity"]
        yield _figure("Heterozygosity", drawings.histogram(het, het["measure"], 3), _DOTTED)
    if "frequency_plane" in figures:
        yield _figure(
            "Frequencies against the reference",
            drawings.frequency_plane(figures["frequency_plane"]),
            "Sites on the dashed diagonal have the other allele counted: swapped alleles or strand flips.",
        )
    if "ancestry_map" in figures:
        yield _figure("Map of ancestry", drawings.ancestry_map(figures["ancestry_map"]))
    if "chunks" in figures:
        yield _figure(
            "Chunks",
            drawings.chunk_map(figures["chunks"]),
            "The paler a chunk, the lower its call rate. Framed: a service may leave it out.",
        )


def _figure(title: str, drawing: str, words: str = "") -> str:
    return _section(title, f"<figure>{drawing}<figcaption>{escape(words)}</figcaption></figure>")


def _repair(repair: Facts | None) -> str:
    if repair is None:
        return ""
    ledger = repair["ledger"]
    rows: list[tuple[object, ...]] = [("In", None, None, ledger["sites_in"], None, ledger["samples_in"])]
    rows += [
        (
            line["title"],
            line["changed_sites"],
            line["added_sites"],
            line["removed_sites"],
            line["changed_samples"],
            line["removed_samples"],
        )
        for line in ledger["lines"]
    ]
    rows.append(("Out", None, None, ledger["sites_out"], None, ledger["samples_out"]))
    left = [(each["title"], each["sites"], each["samples"]) for each in repair["unresolved"]]
    heads = ("Step", "Sites changed", "Sites added", "Sites removed", "People changed", "People removed")
    return _section(
        "Repair",
        _paragraph(repair["verdict"], "headline"),
        _table(heads, rows),
        _paragraph("The books add up." if ledger["adds_up"] else "The books do not add up."),
        _table(("Not mended", "Sites", "People"), left),
    )


def _samples(samples: Sequence[Facts]) -> str:
    if not samples:
        return ""
    heads = ("Sample", "Call rate", "F", "Sex stated", "Sex found", "Ancestry")
    rows = sorted(samples, key=lambda each: (each["call_rate"] is None, each["call_rate"]))
    return _section(
        "Samples, the lowest call rate first",
        _table(
            heads,
            [
                (r["name"], r["call_rate"], r["het_f"], r["sex_stated"], r["sex_found"], r["ancestry"])
                for r in rows
            ],
        ),
    )


def _files(files: Sequence[Facts]) -> str:
    heads = ("File", "Format", "Bytes", "Variants", "Chromosomes", "SHA-256")
    rows = [
        (f["name"], f["format"], f["size"], f["variants"], " ".join(f["chromosomes"]), f["sha256"])
        for f in files
    ]
    return _section("Files", _table(heads, rows))
