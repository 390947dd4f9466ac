"""Addresses as people type them."""

import pytest

from app.domain.problem import Kind, ProblemError
from app.transport.address import is_loopback, normalise, origin, proxy_for, redirected, refuse_plain_http


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
    ],
)
def test_normalise(typed: str, address: str) -> None:
    assert normalise(typed) == address
    assert normalise(address) == address


@pytest.mark.parametrize(
    "typed",
    ["", "https://", "ftp://x.example", "https://x:y@z.example", "https://a b", "x:99999", "file:///etc"],
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


def test_proxies_of_the_system_but_none_for_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert proxy_for("https://x.example") == "http://proxy.example:3128"
    assert proxy_for("https://inside.example") is None
    assert proxy_for("http://localhost:8082") is None
