"""Addresses: made tidy, compared by origin, and told apart by how safe they are."""

from __future__ import annotations

import ipaddress
import re
import urllib.request
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from app.domain.problem import Kind, problem

_DEFAULT_PORTS = {"http": 80, "https": 443}
_OWN_PAGES = re.compile(r"/(index\.html|api/v2)(/.*)?$")


def normalise(text: str) -> str:
    """The base address of a service from what a person typed or pasted, without a slash at the end.

    Pages of the web site and the path of the API are cut off; a missing scheme becomes https, or http
    for this computer. Raises ProblemError (input) for anything that is no web address.
    """
    parts = _split(text.strip())
    path = _OWN_PAGES.sub("", parts.path.rstrip("/")).rstrip("/")
    return f"{parts.scheme}://{authority(parts)}{path}"


def _split(text: str) -> SplitResult:
    if "://" not in text:
        host = urlsplit("//" + text).hostname or ""
        text = ("http://" if is_loopback_host(host) else "https://") + text
    try:
        parts = urlsplit(text)
        known = parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known or re.search(r"\s", text) or parts.username is not None:
        raise problem(
            Kind.INPUT,
            "This is not the address of a service",
            "An address looks like https://imputation.example.org",
            "Copy it from the address line of your browser",
        )
    return parts


def authority(parts: SplitResult) -> str:
    """Host and port as they stand in a Host header: lower case, the usual port left out."""
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    if parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return shown
    return f"{shown}:{parts.port}"


def port_of(parts: SplitResult) -> int:
    """The port that is spoken to."""
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def origin(url: str) -> str:
    """Scheme, host and port: what a token belongs to."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{authority(parts)}"


def shown(url: str) -> str:
    """An address without path and query, fit for a message."""
    return origin(url)


def is_loopback_host(host: str) -> bool:
    """Whether a host name means this computer."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Whether an address means this computer."""
    return is_loopback_host(urlsplit(url).hostname or "")


def refuse_plain_http(url: str, *, allowed: bool) -> None:
    """Raise ProblemError (refused) for an address without encryption outside of this computer."""
    if urlsplit(url).scheme == "https" or allowed or is_loopback(url):
        return
    raise problem(
        Kind.REFUSED,
        "This address is not encrypted",
        f"Token and genotypes would travel readable to {shown(url)}",
        "Use the https address, or allow plain http for this service if your network is trusted",
        subject=shown(url),
    )


def redirected(url: str, location: str) -> str:
    """The address that a Location header means, in characters that may stand in a request."""
    return quote(urljoin(url, location), safe="%/:=&?~#+!$,;'@()*[]")


def proxy_for(url: str) -> str | None:
    """The system's proxy for an address; never one for this computer."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback_host(host) or urllib.request.proxy_bypass(authority(parts)):
        return None
    proxies = urllib.request.getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found:
        return None
    return found if "://" in found else "http://" + found
