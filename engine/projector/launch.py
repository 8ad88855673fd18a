"""PostgreSQL and the projector beside an engine: started in the background, again when they end, and stopped in order.

The engine waits for neither: `start` returns at once, and trading goes on whatever becomes of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from engine.status_map import FILE, ProjectorState, StatusMap
from engine.store.database import EMBEDDED, redacted
from engine.store.embedded import EmbeddedPostgres, StoreError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
WATCH_S = 1.0
ROOT = Path(__file__).resolve().parents[2]


class Projection:
    """The database that `dsn` asks for, and the projector of the market in `data`.

    `dsn` "embedded": PostgreSQL in `data`/postgres is started too, and again when it dies. `told` gets a line about
    each trouble. `label`: where the database is, without its password; `trouble`: what keeps it from working now, or
    None.
    """

    def __init__(
        self,
        data: Path,
        dsn: str = EMBEDDED,
        *,
        port: int | None = None,
        system_user: str = "nobody",
        told: Callable[[str], None] = lambda line: print(line, file=sys.stderr),
    ) -> None:
        self.data = data
        self.label = EMBEDDED if dsn == EMBEDDED else redacted(dsn)
        self.trouble: str | None = None
        self._dsn = dsn
        self.server: EmbeddedPostgres | None = None
        if dsn == EMBEDDED:
            self.server = EmbeddedPostgres(data / "postgres", port=port, system_user=system_user)
        self._told = told
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[str] | None = None  # of the server: it runs on when we are cancelled

    def start(self) -> None:
        """Begin; returns at once. The status map must be there by now."""
        self._task = asyncio.create_task(self._supervise(), name="projection")

    async def stop(self, timeout_s: float = 1.5) -> None:
        """End the projector, which writes what is durable by now as far as `timeout_s` allows, then the database.

        A start of the database that is under way is broken off."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        process = self._process
        if process is not None and process.returncode is None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), timeout_s)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self.server is not None:
            if self._starting is not None:
                self.server.break_off()
                with contextlib.suppress(StoreError, OSError):
                    await self._starting
            await self.server.stop()
        with contextlib.suppress(FileNotFoundError, ValueError):
            status = StatusMap.open(self.data / FILE)
            status.projector_pid, status.projector_state = 0, ProjectorState.STOPPED
            status.close()

    @property
    def pid(self) -> int | None:
        """The projector's process id; None while there is none."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    async def _supervise(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            began_s = asyncio.get_running_loop().time()
            try:
                await self._run()
            except (StoreError, OSError) as error:
                self._say(str(error))
            if asyncio.get_running_loop().time() - began_s > LONGEST_PAUSE_S:
                pause_s = FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _run(self) -> None:
        """Have a database and a projector; returns when the projector ended."""
        dsn = await self._have_database()
        log = self.data / "run" / "projector.log"
        with log.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "engine.projector",
                "--data",
                str(self.data),
                "--supervised",
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the terminal is for the engine, which stops it in order
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "client")])},
            )
        assert self._process.stdin is not None
        self._process.stdin.write(f"{dsn}\n".encode())
        self.trouble = None
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), WATCH_S)
            if self._process.returncode is not None:
                words = log.read_text("utf-8", "replace").strip().splitlines()
                raise StoreError(words[-1] if words else f"the projector ended with code {self._process.returncode}")
            if self.server is not None and not self.server.running:
                self._say("PostgreSQL ended; starting it again")
                await self._have_database()
                self.trouble = None

    async def _have_database(self) -> str:
        """Start the embedded server, or start it again; the DSN. A start that began is left to `stop` to end."""
        if self.server is None:
            return self._dsn  # it may be down now: the projector waits for it
        self._starting = asyncio.create_task(self.server.start())
        return await asyncio.shield(self._starting)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            self._told(trouble)
        self.trouble = trouble
