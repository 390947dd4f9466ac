"""The report as a page and as PDF: everything is told, names and small numbers are not."""

from __future__ import annotations

import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pypdf
import pytest

from app.genotypes.reporting.hiding import Hiding
from app.results.reporting.content import Document, Section, Table, Text, table_texts
from app.results.reporting.html_page import html_page
from app.results.reporting.pdf_pages import pdf_pages
from app.results.reporting.sections import result_document
from tests.unit.results.reporting.parts import NOW, PEOPLE, parts

TOLD = (
    "Not in the panel",
    "no reason told",
    "Michigan Imputation Server",
    "HapMap 2",
    "2.0.12",
    "r2Filter",
    "Minimac4",
    "cd" * 32,
    "ab" * 32,
    "10.1038/ng.3656",
)


class Wellformed(HTMLParser):
    """Counts elements that were opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "line", "rect"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


def text_of_pdf(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_everything_is_told_on_the_page_and_on_paper(tmp_path: Path) -> None:
    given = parts(tmp_path)
    document = result_document(given, Hiding(False, PEOPLE))
    page = html_page(document)
    paper = squeezed(text_of_pdf(pdf_pages(document, NOW)))
    for words in TOLD:
        assert words in page
        assert squeezed(words) in paper
    assert "<svg" in page
    for section in document.sections:
        assert squeezed(section.title) in paper


def test_a_page_needs_nothing_else_and_is_well_formed(tmp_path: Path) -> None:
    page = html_page(result_document(parts(tmp_path), Hiding(False, PEOPLE)))
    reader = Wellformed()
    reader.feed(page)
    assert reader.open == []
    assert "<script" not in page
    assert "src=" not in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


@pytest.mark.parametrize("names", [False, True])
def test_names_and_small_numbers_only_when_wanted(tmp_path: Path, names: bool) -> None:
    document = result_document(parts(tmp_path), Hiding(names, PEOPLE))
    page = html_page(document)
    paper = squeezed(text_of_pdf(pdf_pages(document, NOW)))
    for text in (page, paper):
        assert ("Person03" in text) is names
        assert ("Person01" in text) is names
    assert ("<td>&lt; 5</td>" in page) is not names
    assert "3 samples removed" in page if names else "&lt; 5 samples removed" in page


def test_drawings_of_a_page_are_xml_and_have_names(tmp_path: Path) -> None:
    page = html_page(result_document(parts(tmp_path), Hiding(False, PEOPLE)))
    drawings = [f"<svg{part.split('</svg>')[0]}</svg>" for part in page.split("<svg")[1:]]
    assert len(drawings) >= 4
    assert all(ElementTree.fromstring(each).get("aria-label") for each in drawings)


def test_letters_of_any_script_are_kept_on_paper() -> None:
    words = "Größe Łódź Ελλάδα Москва 中文 \udc80 🧬 a\tb"
    told = text_of_pdf(pdf_pages(Document(words, "", [Section("x", [Text(words)])]), NOW))
    for each in ("Größe", "Łódź", "Ελλάδα", "Москва", "‹U+4E2D›‹U+6587›", "‹U+DC80›", "‹U+1F9EC›"):
        assert each in told


def test_long_tables_repeat_their_heads_and_count_what_is_not_shown() -> None:
    rows = [(f"row{n}", n) for n in range(250)]
    document = Document("Long", "", [Section("Table", [Table(("Name", "Count"), rows)])])
    pages = pypdf.PdfReader(io.BytesIO(pdf_pages(document, NOW))).pages
    assert len(pages) > 2
    assert all("Name" in page.extract_text() for page in pages[:-1])
    assert "50 more rows" in text_of_pdf(pdf_pages(document, NOW))
    assert "row199" in html_page(document)
    assert "row200" not in html_page(document)


def test_the_same_report_gives_the_same_bytes_and_has_an_outline(tmp_path: Path) -> None:
    document = result_document(parts(tmp_path), Hiding(False, PEOPLE))
    data = pdf_pages(document, NOW)
    assert data == pdf_pages(document, NOW)
    titles = [each["/Title"] for each in pypdf.PdfReader(io.BytesIO(data)).outline]
    assert titles == [each.title for each in document.sections]


def test_texts_are_escaped() -> None:
    page = html_page(Document("<b>", "&", [Section("<i>", [Text("<script>"), Table(("<u>",), [("<s>",)])])]))
    for tag in ("<b>", "<i>", "<script>", "<u>", "<s>"):
        assert tag not in page.split("</style>")[1]


def test_decimals_of_a_column_have_the_same_digits() -> None:
    table = Table(
        ("MAF", "n", "R2", "mixed"), [("0–1", 5, 0.9012, 1), ("1–5", None, 0.622, 0.5), ("", 1, None, "x")]
    )
    assert table_texts(table) == [
        ["0–1", "5", "0.9012", "1"],
        ["1–5", "–", "0.6220", "0.5"],
        ["–", "1", "–", "x"],
    ]
    small = Table(("p",), [(1.5e-9,), (0.25,)])
    assert table_texts(small) == [["1.5e-09"], ["0.25"]]


def test_suspects_are_not_known_without_er2(tmp_path: Path) -> None:
    given = parts(tmp_path)
    assert given.measured is not None
    figures = given.measured.figures
    page = html_page(result_document(given, Hiding(True, ())))
    assert "<td>Suspect probes</td><td>not known: the files have no ER2</td>" in page
    assert ("Whether probes are suspect is not known" in page) is bool(figures.whole.typed)
    whole = figures.whole.model_copy(update={"mean_er2": 0.9, "typed": 5})
    known = figures.model_copy(update={"whole": whole})
    told = replace(given, measured=replace(given.measured, figures=known))
    page = html_page(result_document(told, Hiding(True, ())))
    assert "<td>Suspect probes</td><td>0</td>" in page
    assert "not known: the files have no ER2" not in page
