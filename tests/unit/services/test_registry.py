"""Families by name and by address."""

import asyncio

import pytest

from app.domain.problem import Kind, ProblemError
from app.services.registry import Registry
from tests.unit.transport.scripted import Call, scripted


def failure(what: object) -> Kind:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(what) if asyncio.iscoroutine(what) else what()  # type: ignore[operator]
    return caught.value.problem.kind


def test_by_name() -> None:
    registry = Registry()
    assert registry.names()[0] == "cloudgene"
    assert {"teaspoons", "wes", "local", "guided"} < set(registry.names())
    assert registry.family("cloudgene") is registry.family("cloudgene")
    assert failure(lambda: registry.family("nothing")) is Kind.INPUT


def test_by_address() -> None:
    def script(call: Call) -> None:
        call.json({"name": "x", "apps": [], "loggedIn": False})

    with scripted(script) as server:
        found = asyncio.run(Registry().detect(server.url + "/index.html#!pages/profile"))
    assert found.name == "cloudgene"
    assert server.targets == ["/api/v2/server"]
    assert "x-auth-token" not in server.calls[0].headers


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, "<html>a shop</html>", Kind.NOT_FOUND),
        (200, '{"name": "something else"}', Kind.NOT_FOUND),
        (404, "{}", Kind.NOT_FOUND),
        (500, "{}", Kind.BUSY),
    ],
)
def test_addresses_of_something_else(status: int, body: str, kind: Kind) -> None:
    with scripted(lambda call: call.send(status, body)) as server:
        assert failure(Registry().detect(server.url)) is kind


def test_what_cannot_be_asked() -> None:
    assert failure(Registry().detect("no address at all")) is Kind.INPUT
    assert failure(Registry().detect("http://imputation.example.org")) is Kind.REFUSED
    assert failure(Registry(()).detect("http://localhost:1")) is Kind.BUG
