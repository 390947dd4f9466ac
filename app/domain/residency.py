"""Where data may go: a rule of their owner, such as “only to the EU, South Africa and this computer”.

Data are on this computer already, so it is always allowed. A rule is kept as codes of ISO 3166-1 and names of
groups of countries; several rules together allow what each of them allows. What is not understood allows
nothing.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.domain.model import Model
from app.domain.problem import Kind, problem
from app.domain.resources import resource
from app.domain.service import Service

HERE = "HERE"
HERE_WORDS = "this computer"
_EU = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
GROUPS: dict[str, frozenset[str]] = {
    "EU": frozenset(_EU.split()),
    "EEA": frozenset((*_EU.split(), "IS", "LI", "NO")),
}
"""Groups of countries by name, as of 2026: the European Union, and the European Economic Area."""
_SAME = {"UK": "GB", "USA": "US", "EL": "GR"}
STORE, STORE_COUNTRY = "storage", "storage_country"
"""The words of `Service.setup` for a store that takes the files, and for where it keeps them."""
_HERE = frozenset({"here", "this computer", "local", "nowhere"})


class Residency(Model):
    """Where data may go: codes of countries and names of groups, sorted. Empty: they stay where they are."""

    allowed: tuple[str, ...] = ()

    @property
    def countries(self) -> frozenset[str]:
        """All countries that are allowed, groups taken apart."""
        return frozenset[str]().union(*(GROUPS.get(each, frozenset({each})) for each in self.allowed))

    def words(self) -> str:
        """For people: “EU, South Africa, this computer”."""
        known = countries()
        return ", ".join((*(known.get(each, each) for each in self.allowed), HERE_WORDS))

    def code(self) -> str:
        """As it is typed: “EU, ZA, this computer”."""
        return ", ".join((*self.allowed, HERE_WORDS))


NOWHERE = Residency()
"""They stay on this computer."""


@functools.cache
def countries() -> dict[str, str]:
    """The names of countries by their codes of two letters (ISO 3166-1)."""
    found = json.loads(resource("countries.json").read_text("utf-8"))
    return {str(code): str(name) for code, name in found.items()}


def residency_of(text: str) -> Residency:
    """A rule as a person types it: codes and names of countries, EU, EEA, “this computer”, commas between.

    Raises ProblemError (input) for a word that names no place: a rule that is not understood is no rule.
    """
    allowed: set[str] = set()
    for word in filter(None, (each.strip() for each in re.split(r"[,;\n]+", text))):
        if word.casefold() not in _HERE:
            allowed.add(_place(word))
    if not text.strip():
        raise problem(
            Kind.INPUT,
            "The rule names no place",
            "It is empty.",
            f"Write “{HERE_WORDS}” for data that may go nowhere.",
        )
    return Residency(allowed=tuple(sorted(allowed)))


def _place(word: str) -> str:
    code = _SAME.get(word.upper(), word.upper())
    if code in GROUPS or code in countries():
        return code
    by_name = {name.casefold(): each for each, name in countries().items()}
    if word.casefold() in by_name:
        return by_name[word.casefold()]
    raise problem(
        Kind.INPUT,
        "The place is not known",
        f"“{word}” is no country, EU, EEA or “{HERE_WORDS}”.",
        "Use the code of two letters, such as ZA, and put commas between places.",
    )


def combined(rules: Iterable[Residency | None]) -> Residency | None:
    """What all rules allow together; None where there is none."""
    given = [each for each in rules if each is not None]
    if not given or all(each == given[0] for each in given):
        return given[0] if given else None
    common = frozenset.intersection(*(each.countries for each in given))
    return Residency(allowed=tuple(sorted(common)))


def places_of(service: Service) -> tuple[str, ...] | None:
    """Where data of a service are, by the codes of countries; None where that is not known.

    A store of its own, through which files reach it, counts as well. An address on loopback may be a tunnel:
    only what the program itself runs, and what a person stated to be this computer, is here.
    """
    here = service.is_here or (on_loopback(service.base_url) and service.here_at == service.base_url)
    told: tuple[str, ...] = () if here else service.jurisdictions or tuple(filter(None, (service.country,)))
    if _store_is_elsewhere(service):
        of_store = [each for each in re.split(r"[,;\s]+", service.setup.get(STORE_COUNTRY, "")) if each]
        if not of_store or not (here or told):
            return None
        told = (*told, *of_store)
    places = [_SAME.get(each.strip().upper(), each.strip().upper()) for each in told]
    if not (here or places) or any(each not in countries() for each in places):
        return None
    return ((HERE,) if here else ()) + tuple(places)


def on_loopback(address: str) -> bool:
    """Whether an address is of this computer itself, whatever answers there."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def says_here(text: str) -> bool:
    """Whether a person typed “this computer” and nothing else."""
    return text.strip().casefold() in _HERE


def _store_is_elsewhere(service: Service) -> bool:
    """Whether files go into a store that is not on the server itself, on their way to it."""
    store, base = service.setup.get(STORE, "").strip(), service.base_url
    return bool(store) and place_on_the_net(store) != place_on_the_net(base)


def place_on_the_net(address: str) -> str:
    """The host of an address in small letters; of one on loopback with its port: any of them may be a tunnel.

    Empty for what is no address.
    """
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        return ""
    return f"{host}:{port or ''}" if host and on_loopback(address) else host


def why_forbidden(rule: Residency | None, service: Service) -> str | None:
    """Why data under a rule may not go to a service, as a sentence; None when they may."""
    if rule is None:
        return None
    places = places_of(service)
    only = f"These data may go only to: {rule.words()}."
    if places is None:
        return f"{only} In which country {service.name} keeps data is not known."
    outside = [each for each in places if each != HERE and each not in rule.countries]
    if not outside:
        return None
    return (
        f"{only} {service.name} keeps data in {', '.join(countries().get(each, each) for each in outside)}."
    )
