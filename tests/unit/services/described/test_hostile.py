"""Descriptions of services that mean harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from app.domain.problem import ProblemError
from app.services.described.description import Expression
from app.services.described.reading import parsed


@pytest.mark.parametrize(
    "expression",
    ["!" * 499, "[@,@][]|" * 50 + "@"],
    ids=("deep", "doubling"),
)
def test_an_expression_neither_ends_the_stack_nor_fills_memory(expression: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Expression).validate_python(expression)


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 200 + "]" * 200, "a: " + "{a: " * 200 + "1" + "}" * 200], ids=("lists", "maps")
)
def test_values_deep_in_one_another(text: str) -> None:
    with pytest.raises(ProblemError, match="too deep"):
        parsed(text, Path("mine.yaml"))
