"""The sheet of a job at a web page: steps for a person, and the facts behind them."""

from datetime import datetime

from app.domain.model import Model


class GuidedStep(Model):
    """A numbered step; `enter` are fields of the page with what belongs into them."""

    text: str
    page: str = ""
    enter: tuple[tuple[str, str], ...] = ()
    done: bool = False


class GuidedFact(Model):
    """What is known of the page, with source, date and certainty in words; empty for what is not known."""

    label: str
    value: str
    source: str


class GuidedSheet(Model):
    """What leads a person through the page. `deadline` is when the page deletes, None where not known.

    `written` says what was prepared and what was left out, `sites` counts them by chromosome,
    `cautions` are what the page may not like.
    """

    page: str
    folder: str
    files: tuple[str, ...]
    written: str = ""
    sites: dict[str, int] = {}
    cautions: tuple[str, ...] = ()
    steps: tuple[GuidedStep, ...]
    uploaded: datetime | None = None
    deadline: datetime | None = None
    results: str = ""
    facts: tuple[GuidedFact, ...] = ()
