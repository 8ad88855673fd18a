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
from reportlab.platypus.flowables import CallerMacro

from engine.statement.contents import Statement
from engine.statement.sections import Section, heading, sections

MARGIN = 15 * mm
PAGES = "pages"  # the name of a form, which is drawn on each page and made when the last one is there
PAGES_AT = A4[0] - MARGIN - 6 * mm, MARGIN - 6 * mm
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

    def margins(canvas: Canvas, _: Any) -> None:
        _draw_margins(canvas, _latin(statement.name))

    document.build([*parts, CallerMacro(_tell_pages)], onFirstPage=margins, onLaterPages=margins)
    return out.getvalue()


def _draw_margins(canvas: Canvas, name: str) -> None:
    width, height = A4
    canvas.saveState()
    canvas.setFont(BOLD, SIZE)
    canvas.setFillColor(ACCENT)
    canvas.drawString(MARGIN, height - MARGIN, "OpenBell statement")
    canvas.setFont(FONT, SIZE)
    canvas.setFillColor(INK)
    canvas.drawRightString(width - MARGIN, height - MARGIN, name)
    canvas.setStrokeColor(PALE)
    canvas.line(MARGIN, height - MARGIN - 2 * mm, width - MARGIN, height - MARGIN - 2 * mm)
    canvas.drawRightString(*PAGES_AT, f"page {canvas.getPageNumber()} of ")
    canvas.doForm(PAGES)
    canvas.restoreState()


def _tell_pages(last: Flowable) -> None:
    """Drawn at the end of the last page: what each page shows as their number, which nobody knew before."""
    canvas = last.canv
    canvas.beginForm(PAGES)
    canvas.setFont(FONT, SIZE)
    canvas.setFillColor(INK)
    canvas.drawString(*PAGES_AT, str(canvas.getPageNumber()))
    canvas.endForm()


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
        is_last = start + ROWS_AT_ONCE >= len(rows)
        yield _table(section, titles, some, size, widths, is_last and section.foot is not None)


def _table(
    section: Section, titles: list[str], rows: list[list[str]], size: float, widths: list[float], has_foot: bool
) -> Flowable:
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
