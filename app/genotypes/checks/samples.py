"""Checks of the samples: names, number, call rate."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.checks.finding_of import SEVERE, WARNING, Subject, some
from app.genotypes.checks.long_names import LONGEST_NAME, shorter

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


def presence(subject: Subject) -> Iterable[Finding]:
    """A file of sites without genotypes cannot be imputed."""
    scan = subject.scan
    if not scan.samples and (scan.header.columns or len(scan.sites)):
        yield subject.finding(
            "sample.none",
            SEVERE,
            "The file holds no samples",
            "It is a list of sites: there is no column with genotypes.",
            what_to_do="Choose the file with the genotypes.",
        )


def duplicates(subject: Subject) -> Iterable[Finding]:
    """The server compares all columns of #CHROM, so a sample called POS is a duplicate too."""
    columns = [each.decode("utf-8", "replace") for each in subject.scan.header.columns or []]
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        yield subject.finding(
            "sample.duplicate",
            SEVERE,
            "Sample names occur more than once",
            "Two samples with one name cannot be told apart.",
            where=some(list(map(shorter, twice[:9])), len(twice)),
            count=len(twice),
            what_to_do="Give each sample a name of its own.",
            fix=RepairCode.RENAME_SAMPLES,
        )


def names(subject: Subject) -> Iterable[Finding]:
    """Names that programs on the way cut, split or refuse."""
    found = subject.scan.header.samples
    yield from _long(subject, found)
    blank = [f"column {place + 10}" for place, name in enumerate(found) if not name.strip()]
    risky = [name for name in found if name.strip() and not _SAFE_NAME.match(name)]
    if blank:
        yield subject.finding(
            "sample.blank",
            SEVERE,
            "Samples without a name",
            where=some(blank),
            count=len(blank),
            what_to_do="Give each sample a name.",
        )
    if risky:
        yield subject.finding(
            "sample.risky_name",
            WARNING,
            "Sample names with unusual characters",
            "Blanks, slashes, quotes and letters beyond ASCII break PLINK files and some servers.",
            where=some([f"“{shorter(name)}”" for name in risky]),
            count=len(risky),
            what_to_do="Use letters, digits, dot, dash and underscore only.",
            fix=RepairCode.RENAME_SAMPLES,
        )


def _long(subject: Subject, names: list[str]) -> Iterable[Finding]:
    columns = [f"column {place + 10}" for place, name in enumerate(names) if len(name) > LONGEST_NAME]
    if columns:
        yield subject.finding(
            "sample.long_name",
            WARNING,
            "Sample names that are too long",
            f"More than {LONGEST_NAME} letters: other programs cut or refuse them.",
            where=some(columns),
            count=len(columns),
            what_to_do="Give these samples shorter names.",
        )


def _are(count: int) -> str:
    return "is 1 sample" if count == 1 else f"are {count:,} samples"


def number(subject: Subject) -> Iterable[Finding]:
    """The limits of the service; 0 means that there is none."""
    limits, count = subject.options.limits, subject.scan.samples
    if not count:
        return
    if limits.min_samples and count < limits.min_samples:
        yield subject.finding(
            "sample.too_few",
            SEVERE,
            "Too few samples for this service",
            f"There {_are(count)}; at least {limits.min_samples:,} are needed.",
            what_to_do="Add samples, or use a service that takes fewer.",
        )
    if limits.max_samples and count > limits.max_samples:
        yield subject.finding(
            "sample.too_many",
            SEVERE,
            "Too many samples for this service",
            f"There {_are(count)}; at most {limits.max_samples:,} are taken.",
            what_to_do="Send the cohort in batches.",
            fix=RepairCode.BATCHES,
        )


def call_rate(subject: Subject) -> Iterable[Finding]:
    """Samples with many missing genotypes; below the fatal rate a server drops the whole chunk."""
    scan, options = subject.scan, subject.options
    if not len(scan.sites) or not scan.samples:
        return
    rate = 1 - scan.per_sample.missing / len(scan.sites)
    low = np.flatnonzero(rate < options.sample_call_rate)
    if len(low):
        order = low[np.argsort(rate[low], kind="stable")]
        words = [f"{_name(subject, int(i))} ({100 * rate[i]:.1f} %)" for i in order[:3]]
        fatal = int((rate < options.fatal_call_rate).sum())
        detail = f"Less than {100 * options.sample_call_rate:.0f} % of their genotypes are called."
        if fatal:
            detail += f" {fatal:,} of them are below {100 * options.fatal_call_rate:.0f} %: servers then drop"
            detail += " whole regions for everybody."
        yield subject.finding(
            "sample.call_rate",
            WARNING,
            "Samples with a low call rate",
            detail,
            where=some(words, len(low)),
            count=len(low),
            what_to_do="Remove these samples or measure them again.",
            fix=RepairCode.DROP_SAMPLES_CALL_RATE,
        )


def _name(subject: Subject, index: int) -> str:
    names = subject.scan.header.samples
    return shorter(names[index]) if index < len(names) else f"sample {index + 1}"
