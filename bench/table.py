"""The answer of a benchmark: figures against floors, with a verdict where a limit is set; for people or as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from bench.harness.machine import describe

Better = Literal["lower", "higher"]
FILE_WIDTH = 120  # columns where the output is no terminal


@dataclass(frozen=True)
class Limit:
    """What a row must reach: its ratio to the floor, or without a floor its figure, at most or at least `value`."""

    value: float
    better: Better = "lower"

    def holds(self, measured: float) -> bool:
        return measured <= self.value if self.better == "lower" else measured >= self.value

    def text(self, of_ratio: bool) -> str:
        sign = "<=" if self.better == "lower" else ">="
        return f"{sign} {_number(self.value)}{'x' if of_ratio else ''}"


@dataclass(frozen=True)
class Row:
    """One figure; `floor` in the same unit, from the same run. A figure of None was not measured: `note` says why."""

    what: str
    figure: float | None
    unit: str
    floor: float | None = None
    limit: Limit | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return None if self.figure is None or not self.floor else self.figure / self.floor

    @property
    def reached(self) -> bool | None:
        """Whether the limit holds; None when there is none. A figure that could not be measured reaches nothing."""
        if self.limit is None:
            return None
        measured = self.figure if self.floor is None else self.ratio
        return False if measured is None else self.limit.holds(measured)

    def as_dict(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "figure": self.figure,
            "unit": self.unit,
            "floor": self.floor,
            "ratio": self.ratio,
            "limit": None if self.limit is None else self.limit.value,
            "better": None if self.limit is None else self.limit.better,
            "reached": self.reached,
            "note": self.note,
        }


@dataclass
class Report:
    """All rows of one benchmark, with the machine on which they were measured."""

    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=describe)

    def add(self, row: Row) -> None:
        self.rows.append(row)

    @property
    def reached(self) -> bool:
        return all(row.reached is not False for row in self.rows)

    def as_json(self) -> str:
        rows = [row.as_dict() for row in self.rows]
        whole = {
            "bench": self.title,
            "machine": self.machine,
            "rows": rows,
            "notes": self.notes,
            "reached": self.reached,
        }
        return json.dumps(whole, indent=1)

    def table(self) -> Table:
        table = Table(title=f"openbell bench {self.title}", title_justify="left", header_style="bold")
        table.add_column("what", overflow="fold")
        for name in ("figure", "unit", "floor", "ratio", "limit"):
            table.add_column(name, justify="left" if name == "unit" else "right", no_wrap=True)
        table.add_column("verdict", no_wrap=True)
        for row in self.rows:
            verdict = {None: "", True: "[green]reached[/]", False: "[red]not reached[/]"}[row.reached]
            table.add_row(
                row.what,
                "" if row.figure is None else _number(row.figure),
                row.unit,
                "" if row.floor is None else _number(row.floor),
                "" if row.ratio is None else f"{row.ratio:.2f}x",
                "" if row.limit is None else row.limit.text(row.floor is not None),
                verdict,
            )
        return table

    def machine_line(self) -> str:
        machine = self.machine
        return (
            f"{machine['cpu']}, {machine['cores']} cores, load {machine['load']:.2f}, "
            f"Linux {machine['kernel']}, Python {machine['python']}, {machine['when']}"
        )

    def show(self, as_json: bool) -> int:
        """Print it; 0, or 1 when a limit was missed."""
        if as_json:
            print(self.as_json())
        else:
            console = Console()
            if not console.is_terminal:
                console = Console(width=FILE_WIDTH)
            console.print(self.table())
            for line in [
                *(f"{row.what}: {row.note}" for row in self.rows if row.note),
                *self.notes,
                self.machine_line(),
            ]:
                console.print(line, style="dim", markup=False, highlight=False)
        return 0 if self.reached else 1


def _number(value: float) -> str:
    if value == 0 or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"
