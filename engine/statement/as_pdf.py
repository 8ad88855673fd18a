"""A statement as a PDF: A4, with the account and the page on each page. Long tables go on with their titles.

The fonts are those that every reader has, so no file grows by them: they know Latin letters, others are set as "?".
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, SimpleDocTemplate, Spacer, Table, TableStyle

from engine.statement.contents import Statement
from engine.statement.sections import Section, heading, sections

MARGIN = 15 * mm
FONT, BOLD, SIZE, SMALL = "Helvetica", "Helvetica-Bold", 8.0, 7.0
SMALLEST = 4.0  # of a table whose numbers are very long
FRAME = 6.0  # points that the library keeps free on each side of a page
PADDING = 3.0  # on each side of a cell
NARROWEST = 60.0  # points, of the column that wraps
INK, PALE, ACCENT = colors.HexColor("#1b1f24"), colors.HexColor("#d6dae0"), colors.HexColor("#1f4e79")
ROWS_AT_ONCE = 400  # in one table: the work of setting one grows faster than its length


def as_pdf(statement: Statement) -> bytes:
    """The file."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN - FRAME, rightMargin=MARGIN - FRAME, topMargin=MARGIN + 6 * mm,
        bottomMargin=MARGIN,
        title=f"Statement of {statement.name}", author="OpenBell", subject=f"account {statement.account}",
        invariant=True,  # the same statement is the same file
    )  # fmt: skip
    width = A4[0] - 2 * MARGIN
    parts: list[Flowable] = [_heading(statement, width)]
    for section in sections(statement):
        parts += _section(section, width)

    def canvas(*given: Any, **more: Any) -> Canvas:
        return _Numbered(_latin(statement.name), *given, **more)

    document.build(parts, canvasmaker=canvas)
    return out.getvalue()


class _Numbered(Canvas):  # type: ignore[misc]  # the library has no types
    """Keeps the pages until their number is known."""

    def __init__(self, name: str, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._name = name
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802
        """Called at the end of each page."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Called at the end of the file."""
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self._draw_margins(number, len(self._pages))
            super().showPage()
        super().save()

    def _draw_margins(self, number: int, pages: int) -> None:
        width, height = A4
        self.setFont(BOLD, SIZE)
        self.setFillColor(ACCENT)
        self.drawString(MARGIN, height - MARGIN, "OpenBell statement")
        self.setFont(FONT, SIZE)
        self.setFillColor(INK)
        self.drawRightString(width - MARGIN, height - MARGIN, self._name)
        self.setStrokeColor(PALE)
        self.line(MARGIN, height - MARGIN - 2 * mm, width - MARGIN, height - MARGIN - 2 * mm)
        self.drawRightString(width - MARGIN, MARGIN - 6 * mm, f"page {number} of {pages}")


def _heading(statement: Statement, width: float) -> Flowable:
    rows = [[name, _latin(value)] for name, value in heading(statement)]
    style = [("FONT", (0, 0), (-1, -1), FONT, SIZE), ("FONT", (0, 0), (0, -1), BOLD, SIZE), *_tight()]
    return Table(rows, [22 * mm, width - 22 * mm], hAlign="LEFT", style=TableStyle(style))


def _section(section: Section, width: float) -> Iterator[Flowable]:
    yield Spacer(0, 5 * mm)
    title = [("FONT", (0, 0), (-1, -1), BOLD, SIZE + 2), ("TEXTCOLOR", (0, 0), (-1, -1), ACCENT), *_tight()]
    yield Table([[section.title]], [width], hAlign="LEFT", style=TableStyle(title))
    if not section.rows:
        plain = TableStyle([("FONT", (0, 0), (-1, -1), FONT, SIZE), *_tight()])
        yield Table([[section.empty]], [width], hAlign="LEFT", style=plain)
        return
    titles = [column.title for column in section.columns]
    rows = [[_latin(text) for text in row] for row in (*section.rows, *([section.foot] if section.foot else []))]
    size, widths = _fit(section, titles, rows, width)
    wide = next((place for place, column in enumerate(section.columns) if column.is_wide), None)
    if wide is not None:
        for row in rows:
            row[wide] = "\n".join(simpleSplit(row[wide], FONT, size, widths[wide] - 2 * PADDING))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        has_titles, is_last = start == 0, start + ROWS_AT_ONCE >= len(rows)
        yield _table(section, titles, some, size, widths, has_titles, is_last and section.foot is not None)


def _table(
    section: Section, titles: list[str], rows: list[list[str]], size: float, widths: list[float], has_titles: bool,
    has_foot: bool,
) -> Flowable:  # fmt: skip
    style: list[Any] = [
        ("FONT", (0, 0), (-1, -1), FONT, size), ("LEADING", (0, 0), (-1, -1), size + 2), *_tight(),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK), ("LINEBELOW", (0, 0), (-1, -1), 0.25, PALE),
        ("FONT", (0, 0), (-1, 0), BOLD, size), ("LINEBELOW", (0, 0), (-1, 0), 0.75, ACCENT),
        *[("ALIGN", (place, 0), (place, -1), "RIGHT") for place, one in enumerate(section.columns) if one.is_number],
    ]  # fmt: skip
    if has_foot:
        style += [("FONT", (0, -1), (-1, -1), BOLD, size), ("LINEABOVE", (0, -1), (-1, -1), 0.75, ACCENT)]
    return LongTable([titles, *rows], widths, repeatRows=1, hAlign="LEFT", style=TableStyle(style))


def _fit(section: Section, titles: list[str], rows: list[list[str]], width: float) -> tuple[float, list[float]]:
    """The size of the letters and the widths of the columns: the wide one takes what is left."""
    size = SIZE
    while True:
        widths = [_widest(titles[place], [row[place] for row in rows], size) for place in range(len(titles))]
        over = sum(widths) - width
        wide = next((place for place, column in enumerate(section.columns) if column.is_wide), None)
        if wide is not None and (over > 0 or len(section.columns) > 3):
            widths[wide] = max(widths[wide] - over, min(NARROWEST, widths[wide]))
        if sum(widths) <= width + 0.01 or size <= SMALLEST:
            return size, widths
        size -= 0.5


def _widest(title: str, texts: list[str], size: float) -> float:
    longest = sorted(set(texts), key=len)[-40:]  # letters differ in width, but not by that much
    widest: float = max(stringWidth(title, BOLD, size), *(stringWidth(text, BOLD, size) for text in longest))
    return widest + 2 * PADDING


def _tight() -> list[Any]:
    return [
        ("LEFTPADDING", (0, 0), (-1, -1), PADDING), ("RIGHTPADDING", (0, 0), (-1, -1), PADDING),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]  # fmt: skip


def _latin(text: str) -> str:
    """What the fonts have of it."""
    return text.encode("cp1252", "replace").decode("cp1252")
