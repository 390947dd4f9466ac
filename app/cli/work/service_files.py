"""`services schema`: what files that describe services may hold, and whether one of them does."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from app.cli.program import Session

KINDS = ("described", "guided")


def schema(session: Session, kind: str, file: Path | None) -> None:
    """Print the schema of a kind, or check a file against it; ProblemError says where a fault is."""
    if kind not in KINDS:
        raise typer.BadParameter(f"'{kind}' is none of: {', '.join(KINDS)}")
    if file is not None:
        name = _checked(kind, file.absolute())
        session.out.answer(
            {"file": str(file), "id": name, "valid": True}, [f"{file.name} is in order ({name})."]
        )
        return
    found = _schema(kind)
    session.out.answer(found, [json.dumps(found, indent=2, ensure_ascii=False)])


def _checked(kind: str, file: Path) -> str:
    if kind == "described":
        from app.services.described.reading import read_description

        return read_description(file).id
    from app.services.guides import read_guide

    return read_guide(file).id


def _schema(kind: str) -> dict[str, object]:
    if kind == "described":
        from app.services.described.description import Description

        return Description.model_json_schema(by_alias=True)
    from app.services.guides import Guide

    return Guide.model_json_schema(by_alias=True)
