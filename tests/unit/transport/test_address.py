"""Addresses as people type them."""

import pytest

from app.domain.problem import Kind, ProblemError
from app.transport.address import (
    is_loopback,
    normalise,
    origin,
    proxy_for,
    redirected,
    refuse_plain_http,
    refuse_redirect,
    same_place,
)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://imputationserver.sph.umich.edu", "https://imputationserver.sph.umich.edu"),
        (" imputation.example.org/ ", "https://imputation.example.org"),
        ("https://Imp.Example.org:443/index.html#!run/x", "https://imp.example.org"),
        ("https://imp.example.org/api/v2/server", "https://imp.example.org"),
        ("https://imp.example.org/below/", "https://imp.example.org/below"),
        ("localhost:8082", "http://localhost:8082"),
        ("http://[::1]:8082/", "http://[::1]:8082"),
        ("127.0.0.1:80", "http://127.0.0.1"),
        ("https://Bücher.example:8443/日本", "https://xn--bcher-kva.example:8443/%E6%97%A5%E6%9C%AC"),
        ("https://imp.example.org/a%20b", "https://imp.example.org/a%20b"),
    ],
)
def test_normalise(typed: str, address: str) -> None:
    assert normalise(typed) == address
    assert normalise(address) == address


@pytest.mark.parametrize(
    "typed",
    [
        *[
            "",
            "https://",
            "ftp://x.example",
            "https://x:y@z.example",
            "https://a b",
            "x:99999",
            "file:///etc",
        ],
        *["https://" + "a" * 64 + ".org", "https://" + "a." * 130 + "org", "https://a..org", "http://[bad"],
        *["[bad", "https://x.example/\ud800", "https://x.example:0", "https://\u2764\ufe0f.example"],
    ],
)
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(ProblemError) as caught:
        normalise(typed)
    assert caught.value.problem.kind is Kind.INPUT


def test_plain_http_only_here_or_when_allowed() -> None:
    refuse_plain_http("http://127.0.0.1:1", allowed=False)
    refuse_plain_http("https://x.example", allowed=False)
    refuse_plain_http("http://x.example", allowed=True)
    with pytest.raises(ProblemError) as caught:
        refuse_plain_http("http://localhost.example.org/secret", allowed=False)
    assert caught.value.problem.kind is Kind.REFUSED
    assert "secret" not in caught.value.problem.sentence()


def test_origin_and_loopback() -> None:
    assert origin("https://A.example:443/x?y") == origin("https://a.example/z") == "https://a.example"
    assert origin("https://a.example") != origin("http://a.example")
    assert is_loopback("http://[::1]/")
    assert not is_loopback("http://127.0.0.1.example.org")


def test_redirects_are_made_sendable() -> None:
    assert redirected("http://a.example/x/y", "../z ü") == "http://a.example/z%20%C3%BC"
    signed = "https://s3.example/b/k?X-Amz-Signature=ab%2Fc&x=1"
    assert redirected("http://a.example/", signed) == signed


@pytest.mark.parametrize(
    "location",
    [
        "http://[bad",
        "https://host:99999/x",
        "ftp://x.example",
        "https://" + "a" * 64,
        "javascript:alert(1)",
    ],
)
def test_what_no_redirect_can_mean(location: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        redirected("https://a.example/x", location)


def test_a_redirect_to_a_name_in_another_alphabet() -> None:
    assert redirected("https://a.example/", "//bücher.example/ü") == "https://xn--bcher-kva.example/%C3%BC"


@pytest.mark.parametrize(
    ("url", "target", "safe"),
    [
        ("https://a.example/x", "https://s3.example/y", True),
        ("http://127.0.0.1:1/x", "http://localhost:2/y", True),
        ("https://a.example/x", "http://127.0.0.1:8888/api/shutdown", False),
        ("https://a.example/x", "https://localhost/y", False),
        ("https://a.example/x", "http://192.168.0.1/y", False),
        ("http://a.example/x", "http://[::1]:1/y", False),
        ("https://localhost/x", "http://localhost/y", False),
    ],
)
def test_redirects_to_unsafe_places(url: str, target: str, safe: bool) -> None:
    if safe:
        refuse_redirect(url, target, allowed=False)
        return
    with pytest.raises(ProblemError) as caught:
        refuse_redirect(url, target, allowed=True)
    assert caught.value.problem.kind is Kind.REFUSED


def test_proxies_of_the_system_but_none_for_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert proxy_for("https://x.example") == "http://proxy.example:3128"
    assert proxy_for("https://inside.example") is None
    assert proxy_for("http://localhost:8082") is None


@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:1080/", "socks5://127.0.0.1:1080", "http://x:99999"])
def test_a_proxy_that_cannot_be_used_is_said_so(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("all_proxy", proxy)
    with pytest.raises(ProblemError) as caught:
        proxy_for("https://x.example")
    assert caught.value.problem.kind is Kind.NO_NETWORK
    assert "HTTPS_PROXY" in caught.value.problem.what_you_can_do
    assert proxy_for("http://localhost:8082") is None


@pytest.mark.parametrize(
    "url",
    ["file://localhost/etc/passwd", "smb://127.0.0.1/share", "ms-settings://localhost", "//localhost/x"],
)
def test_what_is_no_web_address_is_refused_also_on_this_computer(url: str) -> None:
    """A page that a provider names is opened in the browser: it must not start another program."""
    for allowed in (True, False):
        with pytest.raises(ProblemError):
            refuse_plain_http(url, allowed=allowed)


@pytest.mark.parametrize(
    "host",
    [
        *["localhost", "localhost.", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "0", "0.0.0.0"],
        *["[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254", "[fe80::1%25eth0]"],
    ],
)
def test_a_far_service_leads_nobody_to_this_computer_or_its_link(host: str) -> None:
    """Whatever it is called, and also where plain http was allowed."""
    for scheme in ("http", "https"):
        with pytest.raises(ProblemError):
            refuse_redirect("http://far.example.org/x", f"{scheme}://{host}:8080/meta-data", allowed=True)
    refuse_redirect("http://far.example.org/x", "https://10.1.2.3:8080/x", allowed=True)
    refuse_redirect("http://127.0.0.1:1/x", "http://localhost:2/y", allowed=False)


def test_consent_to_plain_http_is_for_one_host() -> None:
    """And for those that the person named; an operator who names others does not widen it."""
    node = "http://node.example.org:6000/runs"
    refuse_redirect(node, "http://NODE.example.org:5000/objects/1", allowed=True)
    refuse_redirect(node, "http://store.example.org/x", allowed=True, hosts={"store.example.org"})
    for hosts, allowed in ((set[str](), True), ({"store.example.org"}, False)):
        with pytest.raises(ProblemError) as caught:
            refuse_redirect(node, "http://store.example.org/x", allowed=allowed, hosts=hosts)
        assert "store.example.org" in caught.value.problem.what_happened


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.org", "http://A.org.:8080", True),
        ("https://a.org/server", "https://a.org", True),
        ("https://a.org/one", "https://a.org/two", False),
        ("https://a.org/one", "https://a.org/one-more", False),
        ("https://a.org", "https://b.a.org", False),
        ("", "", False),
    ],
)
def test_ways_to_the_same_server(one: str, other: str, same: bool) -> None:
    assert same_place(one, other) is same
    assert same_place(other, one) is same
