"""`openbell bench project`: events a second from the journal into the read models, beside asyncpg's COPY of the rows.

The figure is that of `openbell project --rebuild` in a process of its own: it reads the journal, runs a core, writes
all tables with their indexes, and ends. The floor is `copy_records_to_table` of the very rows that it wrote into the
tables that grow, as tuples that are ready, into tables without indexes, 10,000 a call.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg

from bench import flow
from bench.harness import journals
from bench.harness.child import environment
from bench.harness.rounds import median, median_ratio
from bench.table import Limit, Report, Row
from engine.projector.batch import HISTORIES
from engine.store.embedded import EmbeddedPostgres
from tools.steps import Step

AGAINST_COPY = Limit(0.7, "higher")
ROWS_A_CALL = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=1_000_000, help="commands of the flow (default 1,000,000)")
    parser.add_argument("--symbols", type=int, default=8, help="instruments (default 8)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of projector and COPY (default 3)")


def run(args: argparse.Namespace) -> int:
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    report = Report("project")
    data = args.work / "project"
    shutil.rmtree(data, ignore_errors=True)
    with Step(f"flow and journal of {args.events:,} commands"):
        path = flow.cached(args.work / "flows", args.events, args.symbols, 1000)
        journals.write(data / "journal", path, args.symbols)
    server = EmbeddedPostgres(args.work / "postgres")
    dsn = await server.start()
    projected: list[float] = []
    copied: list[float] = []
    try:
        connection = await asyncpg.connect(dsn)
        for number in range(args.rounds):
            with Step(f"projector and COPY, round {number + 1} of {args.rounds}"):
                events, seconds = project(data, dsn)
                projected.append(events / seconds)
                rows, seconds = await copy(connection)
                copied.append(events / seconds)
        await connection.close()
    finally:
        await server.stop()
        shutil.rmtree(data, ignore_errors=True)
    note = (
        f"{events:,} events of {args.events:,} commands become {rows:,} rows that stay; "
        f"median ratio of the rounds {median_ratio(projected, copied):.2f}"
    )
    report.add(Row("events into Postgres", median(projected), "events/s", median(copied), AGAINST_COPY, note))
    return report.show(args.json)


def project(data: Path, dsn: str) -> tuple[int, float]:
    """Events and seconds of `openbell project --rebuild`."""
    command = [sys.executable, "-m", "engine.cli", "project", "--data", str(data), "--dsn", dsn, "--rebuild", "--json"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise RuntimeError(f"openbell project failed: {done.stdout} {done.stderr}")
    answer = json.loads(done.stdout)
    return answer["events"], answer["seconds"]


async def copy(connection: Any) -> tuple[int, float]:
    """Rows and seconds of plain COPY of what the projector wrote."""
    rows, seconds = 0, 0.0
    for table in HISTORIES:
        plain = f"plain_{table}"
        await connection.execute(
            f"DROP TABLE IF EXISTS {plain}; CREATE TABLE {plain} AS TABLE openbell.{table} WITH NO DATA"
        )
        records = [tuple(record) for record in await connection.fetch(f"SELECT * FROM openbell.{table}")]
        began_s = time.perf_counter()
        for start in range(0, len(records), ROWS_A_CALL):
            await connection.copy_records_to_table(plain, records=records[start : start + ROWS_A_CALL])
        seconds += time.perf_counter() - began_s
        rows += len(records)
        await connection.execute(f"DROP TABLE {plain}")
    return rows, seconds
