"""Addresses: made tidy, compared by origin, and told apart by how safe they are."""

from __future__ import annotations

import ipaddress
import re
import socket
import urllib.request
from collections.abc import Collection
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import idna

from app.domain.problem import Kind, ProblemError, problem

_DEFAULT_PORTS = {"http": 80, "https": 443}
_OWN_PAGES = re.compile(r"/(index\.html|api/v2|service-info)(/.*)?$")
_IN_A_PATH = "/%:@!$&'()*+,;=~"
_LONGEST_LABEL, _LONGEST_NAME = 63, 253


def normalise(text: str) -> str:
    """The base address of a service from what a person typed or pasted, without a slash at the end.

    Pages of the web site and the path of the API are cut off; a missing scheme becomes https, or http
    for this computer; names and paths in other alphabets become what may stand in a request. Raises
    ProblemError (input) for anything that is no web address.
    """
    parts = _split(text.strip())
    path = _OWN_PAGES.sub("", parts.path.rstrip("/")).rstrip("/")
    return f"{parts.scheme}://{authority(parts)}{quote(path, safe=_IN_A_PATH)}"


def _split(text: str) -> SplitResult:
    try:
        if "://" not in text:
            host = urlsplit("//" + text).hostname or ""
            text = ("http://" if is_loopback_host(host) else "https://") + text
        parts = _sendable(urlsplit(text))
        known = parts.username is None and not re.search(r"\s", text)
        text.encode()
    except ValueError:
        known = False
    if not known:
        raise problem(
            Kind.INPUT,
            "This is not the address of a service",
            "An address looks like https://imputation.example.org",
            "Copy it from the address line of your browser",
        )
    return parts


def _sendable(parts: SplitResult) -> SplitResult:
    """A web address with its host in the letters of the name system; ValueError when it is none."""
    host = parts.hostname or ""
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.port == 0:
        raise ValueError("no web address")
    if ":" in host:
        return parts
    if not host.isascii():
        host = idna.encode(host, uts46=True).decode("ascii")
    labels = host.removesuffix(".").split(".")
    if len(host) > _LONGEST_NAME or not all(1 <= len(each) <= _LONGEST_LABEL for each in labels):
        raise ValueError("no name of a host")
    before, at, _ = parts.netloc.rpartition("@")
    port = "" if parts.port is None else f":{parts.port}"
    return parts._replace(netloc=before + at + host + port)


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


def same_place(one: str, other: str) -> bool:
    """Whether two base addresses lead to the same host, and one path to the other or below it.

    Scheme, port and the dot at the end of a name are left out: they are other ways to the same server.
    """
    here, there = urlsplit(one), urlsplit(other)
    hosts = {(each.hostname or "").rstrip(".") for each in (here, there)}
    short, long = sorted((f"{each.path.rstrip('/')}/" for each in (here, there)), key=len)
    return len(hosts) == 1 and "" not in hosts and long.startswith(short)


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


def _is_near(host: str) -> bool:
    """Whether a host is this computer or its link, in any spelling that the system's resolver knows."""
    bare = host.rstrip(".")
    if is_loopback_host(bare):
        return True
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        try:
            found = ipaddress.ip_address(socket.inet_aton(bare))  # 127.1, 0x7f000001, 2130706433
        except (OSError, ValueError):
            return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return bool(mapped.is_loopback or mapped.is_link_local or mapped.is_unspecified)


def refuse_plain_http(url: str, *, allowed: bool) -> None:
    """Raise ProblemError (refused) for an address without encryption outside of this computer.

    Whatever is no web address is refused as well, also on this computer: `file://localhost/…` is none.
    """
    scheme = urlsplit(url).scheme
    if scheme == "https" or (scheme == "http" and (allowed or is_loopback(url))):
        return
    raise problem(
        Kind.REFUSED,
        "This address is not encrypted",
        f"Token and genotypes would travel readable to {shown(url)}",
        "Use the https address, or allow plain http for this service if your network is trusted",
        subject=shown(url),
    )


def refuse_redirect(url: str, target: str, *, allowed: bool, hosts: Collection[str] = ()) -> None:
    """Raise ProblemError (refused) for a redirect that gives up the encryption or leads to this computer.

    What listens on this computer, or on plain http in its network, is none of a far server's business; nor
    is what answers on the link alone, such as the metadata of a machine in a cloud. `allowed`, the consent of
    a person to plain http, is one for the host of `url` and for those that the person named: `hosts`.
    """
    lost = urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https"
    if lost or (_is_near(urlsplit(target).hostname or "") and not is_loopback(url)):
        raise problem(
            Kind.REFUSED,
            "The service sends us to an unsafe address",
            f"It points to {shown(target)}, {'which is not encrypted' if lost else 'which is this computer'}",
            "Tell the operator of the service",
            subject=shown(url),
        )
    consented = allowed and (same_host(url, target) or (urlsplit(target).hostname or "") in hosts)
    if allowed and not consented and urlsplit(target).scheme == "http" and not is_loopback(target):
        raise problem(
            Kind.REFUSED,
            "The service sends us to an address without encryption",
            f"It points to {shown(target)}; that you allowed plain http holds for {shown(url)} alone",
            "Ask its operator for an https address",
            subject=shown(url),
        )
    refuse_plain_http(target, allowed=consented)


def same_host(url: str, other: str) -> bool:
    """Whether two addresses are of one host, whatever their ports."""
    return (urlsplit(url).hostname or "").rstrip(".") == (urlsplit(other).hostname or "").rstrip(".")


def redirected(url: str, location: str) -> str:
    """The address that a Location header means, in characters that may stand in a request.

    Raises ValueError for a header that means no web address.
    """
    target = _sendable(urlsplit(urljoin(url, location))).geturl()
    return quote(target, safe="%/:=&?~#+!$,;'@()*[]")


def proxy_for(url: str) -> str | None:
    """The system's proxy for an address; never one for this computer.

    Raises ProblemError (no network) for one that speaks something else than HTTP: desktops name SOCKS
    proxies as the one for all schemes (`ALL_PROXY=socks://…`).
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback_host(host) or urllib.request.proxy_bypass(authority(parts)):
        return None
    proxies = urllib.request.getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found:
        return None
    found = found if "://" in found else "http://" + found
    try:
        _sendable(urlsplit(found))
    except ValueError:
        raise _strange_proxy(found) from None
    return found


def _strange_proxy(found: str) -> ProblemError:
    scheme = found.partition("://")[0].lower()
    if scheme in _DEFAULT_PORTS:
        what = "The address of the proxy cannot be read"
    else:
        what = f"It is of the kind “{scheme[:20]}”, and the program can use only HTTP proxies"
    return problem(
        Kind.NO_NETWORK,
        "The proxy that this computer names cannot be used",
        what,
        "Name an HTTP proxy in the network settings (HTTPS_PROXY), or none, and start the program again",
    )
