"""A report as one HTML page without anything from elsewhere; every text is escaped."""

from __future__ import annotations

from html import escape
from string import Template

from app.domain.resources import resource
from app.results.reporting.content import (
    Block,
    Document,
    Figure,
    Section,
    Table,
    Text,
    more_rows,
    numeric_columns,
    table_texts,
)
from app.results.reporting.svg import svg


def html_page(document: Document) -> str:
    """The whole page; it follows light and dark, and prints."""
    template = Template(resource("reports", "page.html").read_text(encoding="utf-8"))
    body = "\n".join(_section(number, each) for number, each in enumerate(document.sections))
    return template.substitute(
        kind="result",
        title=escape(document.title),
        about=escape(document.about),
        contents=_contents(document),
        body=body,
    )


def _contents(document: Document) -> str:
    links = (
        f'<a href="#s{number}">{escape(each.title)}</a>' for number, each in enumerate(document.sections)
    )
    return " · ".join(links)


def _section(number: int, section: Section) -> str:
    blocks = "".join(map(_block, section.blocks))
    return f'<section id="s{number}"><h2>{escape(section.title)}</h2>{blocks}</section>'


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return "".join(
            f'<p class="{block.kind}">{escape(line)}</p>' for line in block.words.split("\n") if line
        )
    if isinstance(block, Figure):
        return f"<figure>{svg(block.drawing)}<figcaption>{escape(block.words)}</figcaption></figure>"
    return _table(block)


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    numeric = numeric_columns(table)
    head = "".join(
        f'<th scope="col"{_number(number)}>{escape(each)}</th>'
        for each, number in zip(table.heads, numeric, strict=True)
    )
    body = "".join("<tr>" + "".join(map(_cell, row, numeric)) + "</tr>" for row in table_texts(table))
    notes = "".join(f'<p class="small">{escape(each)}</p>' for each in (more_rows(table), table.note) if each)
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{notes}"


def _cell(text: str, number: bool) -> str:
    return f"<td{_number(number)}>{escape(text)}</td>"


def _number(number: bool) -> str:
    return ' class="number"' if number else ""
