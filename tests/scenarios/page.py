"""`python -m tests.scenarios.page` writes docs/scenarios.md from the table; a test holds the page to it."""

from __future__ import annotations

from pathlib import Path

from tests.scenarios.language import lines
from tests.scenarios.rows import GROUPS, ROWS
from tests.scenarios.table import CHECKED, SOURCES, Scenario

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"
HEAD = """# Worked scenarios

What public venues' rule books say, worked through with orders, beside what OpenBell does. Each row is played on the
core and on the reference model by `./openbell test tests/scenarios`; this page is made from the table there
(`python -m tests.scenarios.page`). Rows marked *example* have the orders and the outcome of the source's own example;
of the others the rule is the source's, and the orders are ours. Where OpenBell does something else on purpose, the
row says so. How lines are read: `tests/scenarios/language.py`.

Sources:
"""


def cell(*texts: str) -> str:
    """Lines of a table's cell; `-` where there are none."""
    return "<br>".join(f"`{line}`" for text in texts for line in lines(text)) or "-"


def told(number: int, row: Scenario) -> str:
    market = [f"reference price {row.reference}"] if row.reference != "0" else []
    market += [f"tick {row.tick}"] if row.tick != "0.01" else []
    market += [f"collar {row.collar_bps} bps"] if row.collar_bps else []
    what = [row.name, f"{row.source}, {row.section}{', *example*' if row.worked else ''}"]
    what += [f"Market: {', '.join(market)}"] if market else []
    what += [f"**Differs:** {row.differs}"] if row.differs else []
    rests = "not looked at" if row.rests is None else cell(row.rests)
    return f"| {number} | {'<br>'.join(what)} | {cell(row.given)} | {cell(row.do)} | {cell(row.says)} | {rests} |"


def page() -> str:
    found = [HEAD, *(f"* **{name}**: {text}" for name, text in SOURCES.items()), ""]
    found += ["What public text says of the numbers of rules and paragraphs (of TMX and Xetra they are those of the "]
    found[-1] += "documents named; 2026-11-30):"
    found += ["", *(f"* **{name}**: {text}." for name, text in CHECKED.items()), ""]
    numbers = {row.name: number for number, row in enumerate(ROWS, 1)}
    for title, rows in GROUPS.items():
        found += [f"## {title}", "", "| | what | given | then | said | rests after it |", "|---|---|---|---|---|---|"]
        found += [*(told(numbers[row.name], row) for row in rows), ""]
    return "\n".join(found).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
