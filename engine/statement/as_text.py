"""A statement as text that fits a terminal of 100 columns, whatever the numbers are."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from engine.statement.contents import Statement
from engine.statement.sections import Section, heading, sections

WIDTH = 100
GAP = 2
NARROWEST = 14  # of the column that wraps


def as_text(statement: Statement) -> str:
    """All of it, with a line feed at the end."""
    lines = ["STATEMENT", ""]
    lines += [f"{name:<10}{value}" for name, value in heading(statement)]
    for section in sections(statement):
        lines += ["", section.title.upper(), *_table(section)]
    return "".join(f"{line[:WIDTH].rstrip()}\n" for line in lines)


def _table(section: Section) -> Iterator[str]:
    if not section.rows:
        yield section.empty
        return
    titles = [column.title for column in section.columns]
    rows = [titles, *section.rows, *([section.foot] if section.foot else [])]
    widths = [max(len(row[place]) for row in rows) for place in range(len(titles))]
    wide = next((place for place, column in enumerate(section.columns) if column.is_wide), None)
    over = sum(widths) + GAP * (len(widths) - 1) - WIDTH
    if over > 0 and wide is not None:
        widths[wide] = max(widths[wide] - over, min(NARROWEST, widths[wide]))
    if sum(widths) + GAP * (len(widths) - 1) > WIDTH:
        yield from _tall(titles, rows[1:])
        return
    rule = "-" * (sum(widths) + GAP * (len(widths) - 1))
    yield from _set(titles, section, widths)
    yield rule
    for row in section.rows:
        yield from _set(row, section, widths)
    if section.foot:
        yield rule
        yield from _set(section.foot, section, widths)


def _set(row: list[str], section: Section, widths: list[int]) -> Iterator[str]:
    """One row; what is too long for its column goes on below."""
    cells = [
        textwrap.wrap(text, width) or [""] if width and column.is_wide else [text]
        for text, width, column in zip(row, widths, section.columns, strict=True)
    ]
    for number in range(max(map(len, cells))):
        texts = [cell[number] if number < len(cell) else "" for cell in cells]
        yield (" " * GAP).join(
            text.rjust(width) if column.is_number else text.ljust(width)
            for text, width, column in zip(texts, widths, section.columns, strict=True)
        )


def _tall(titles: list[str], rows: list[list[str]]) -> Iterator[str]:
    """A row that is wider than the page: a line for each field."""
    width = max(map(len, titles))
    for row in rows:
        for title, text in zip(titles, row, strict=True):
            if text:
                for number, part in enumerate(textwrap.wrap(text, WIDTH - width - GAP)):
                    yield f"{title if not number else '':<{width}}  {part}"
        yield ""
