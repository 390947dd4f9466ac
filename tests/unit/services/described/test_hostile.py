"""Descriptions of services that mean harm."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from app.domain.problem import ProblemError
from app.domain.resources import resource
from app.services.contract import Connection
from app.services.described import Described
from app.services.described.call import Expression
from app.services.described.reading import Shelf, parsed, read_description
from app.services.described.sending import upload_headers
from app.transport.client import Looker, Question
from app.transport.limits import Pace
from app.transport.reply import Reply


@pytest.mark.parametrize(
    "expression",
    [
        "!" * 499,
        "[@,@][]|" * 50 + "@",
        "{a:@,b:@}|" * 40 + "to_string(@)",
        "join('',[@,@])|" * 30 + "@",
        "[" * 40 + "@,@" + ",@]" * 40,
    ],
    ids=("deep", "doubling", "a text of itself", "joined with itself", "lists in lists"),
)
def test_an_expression_neither_ends_the_stack_nor_fills_memory(expression: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Expression).validate_python(expression)


def test_an_expression_may_still_make_objects_of_an_answer() -> None:
    honest = "payload.made[].{name: file.name, size: file.bytes, url: links[0].href}"
    assert TypeAdapter(Expression).validate_python(honest) == honest


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 200 + "]" * 200, "a: " + "{a: " * 200 + "1" + "}" * 200], ids=("lists", "maps")
)
def test_values_deep_in_one_another(text: str) -> None:
    with pytest.raises(ProblemError, match="too deep"):
        parsed(text, Path("mine.yaml"))


def test_the_country_of_a_description_is_not_that_of_another_address(tmp_path: Path) -> None:
    """Rules on where data may go look at it."""
    text = resource("described", "example-rest.yaml").read_text("utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text('country: ZA\naddresses: ["https://named.example"]\n' + text)
    described = read_description(path)

    class Told:
        pace = Pace()

        async def ask(self, question: Question) -> Reply:
            return Reply(200, {"content-type": "application/json"}, b"{}")

    family = Described(looker=cast(Looker, Told()))
    for address, country in ((described.addresses[0], "ZA"), ("https://elsewhere.example", "")):
        connection = Connection(service_id="s", base_url=address, setup={"described": str(path)})
        assert asyncio.run(family.describe(connection)).country == country


def test_the_stores_of_a_description_are_not_those_of_another_address(tmp_path: Path) -> None:
    """Files under a rule may go there, as its country speaks for them."""
    path = tmp_path / "mine.yaml"
    text = resource("described", "example-signed.yaml").read_text("utf-8")
    path.write_text('addresses: ["https://named.example"]\n' + text)
    stores = ("storage.googleapis.com", "*.s3.amazonaws.com")
    for address, hosts in (("https://named.example", stores), ("https://elsewhere.example", ())):
        connection = Connection(service_id="s", base_url=address, setup={"described": str(path)})
        assert Described().store_hosts(connection) == hosts


@pytest.mark.parametrize(
    "path", ["\\\\\\\\evil\\\\share\\\\x.yaml", "//evil/share/x.yaml", "\\\\/evil/share/x.yaml"]
)
def test_a_description_on_another_computer_is_not_even_looked_at(path: str) -> None:
    """Windows would sign in there with the name and password of the person."""
    with pytest.raises(ProblemError, match="place in the network"):
        Shelf(None).named(path)


def test_headers_of_an_upload_do_not_turn_it_into_something_else() -> None:
    told = {
        "x-kind": "vcf",
        "Content-Type": "text/plain",
        "Authorization": "Bearer x",
        "Connection": "upgrade",
        "X-HTTP-Method-Override": "DELETE",
        "x bad": "1",
        "x-split": "a\r\nb",
        "x-number": 1,
    }
    assert upload_headers(told) == {"x-kind": "vcf", "Content-Type": "text/plain"}
    assert upload_headers(["x-kind: vcf"]) == {}


@pytest.mark.parametrize(("name", "told"), [('"name": "", ', True), ('"name": "study", ', True), ("", False)])
def test_jobs_without_a_name_are_those_of_a_person_but_not_where_no_name_is_told(
    name: str, told: bool
) -> None:
    """By it a job is found whose answer was lost: one that seems not to be there would be sent again."""

    class Told:
        pace = Pace()

        async def ask(self, question: Question) -> Reply:
            body = f'{{"jobs": [{{{name}"id": "7", "state": "done"}}]}}'
            return Reply(200, {"content-type": "application/json"}, body.encode())

    family = Described(looker=cast(Looker, Told()))
    connection = Connection(
        service_id="s",
        base_url="https://here.example",
        token=SecretStr("a-token"),
        setup={"described": "example-rest"},
    )
    if told:
        assert [job.remote_id for job in asyncio.run(family.jobs(connection, fresh=True))] == ["7"]
    else:
        with pytest.raises(ProblemError, match="has a name"):
            asyncio.run(family.jobs(connection, fresh=True))
