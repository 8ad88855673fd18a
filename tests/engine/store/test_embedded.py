"""The embedded PostgreSQL, the real one: as root and as a plain user, through crashes and wrong turns."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from engine.store.embedded import EmbeddedPostgres, StoreError
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[3]
# A process that starts the server and then waits for a line or for its end, as an engine would.
ENGINE = """
import asyncio, sys
from engine.store.embedded import EmbeddedPostgres

async def main():
    server = EmbeddedPostgres(sys.argv[1])
    dsn = await server.start()
    print(server.pid, int(server.adopted), dsn, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    await server.stop()
    print("stopped", flush=True)

asyncio.run(main())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path that other users may pass through, unlike tmp_path."""
    path = Path(tempfile.mkdtemp(prefix="ob-pg-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def engine_process(data_dir: Path, *prefix: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, sys.executable, "-P", "-c", ENGINE, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def hello(process: subprocess.Popen[str]) -> tuple[int, bool, str]:
    """Process id of the server, whether it was adopted, and the DSN."""
    assert process.stdout is not None
    words = process.stdout.readline().split()
    assert words, f"the engine ended with {process.wait()}"
    return int(words[0]), words[1] == "1", words[2]


def dismiss(process: subprocess.Popen[str]) -> None:
    out, _ = process.communicate("\n", timeout=20)
    assert out.split() == ["stopped"]
    assert process.returncode == 0


async def query(dsn: str, text: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await connection.fetchval(text)
    finally:
        await connection.close()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


async def test_first_start_then_later_ones_keep_what_was_committed(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    dsn = await server.start()
    assert server.running
    assert not server.adopted
    await query(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    await server.stop()
    assert not server.running
    began_s = time.monotonic()
    assert await server.start() == dsn
    elapsed_s = time.monotonic() - began_s
    try:
        assert await query(dsn, "SELECT answer FROM kept") == 42
        assert await query(dsn, "SHOW fsync") == "on"
        assert await query(dsn, "SHOW listen_addresses") == ""
        assert await query(dsn, "SHOW server_encoding") == "UTF8"
    finally:
        await server.stop()
    print(f"a later start took {elapsed_s:.3f} s")
    assert elapsed_s < 1.5


async def test_nobody_gets_in_without_the_password(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    dsn = await server.start()
    try:
        secret = (folder / "postgres" / "password").read_text().strip()
        assert len(secret) >= 32
        assert (folder / "postgres" / "password").stat().st_mode & 0o077 == 0
        with pytest.raises(asyncpg.InvalidPasswordError):
            await query(dsn.replace(secret, "guess"), "SELECT 1")
        assert (folder / "postgres" / "run").stat().st_mode & 0o077 == 0
    finally:
        await server.stop()


async def test_a_port_is_on_loopback_only_and_wants_the_password(folder: Path) -> None:
    (port,) = free_ports(1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        taken = EmbeddedPostgres(folder / "postgres", port=port)
        with pytest.raises(
            StoreError, match=rf"postgres.port: 127.0.0.1:{port} cannot be used: Address already in use"
        ):
            await taken.start()
    server = EmbeddedPostgres(folder / "postgres", port=port)
    await server.start()
    try:
        assert await query(server.dsn, "SHOW listen_addresses") == "127.0.0.1"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await query(f"postgresql://openbell:guess@127.0.0.1:{port}/openbell", "SELECT 1")
        secret = (folder / "postgres" / "password").read_text().strip()
        assert await query(f"postgresql://openbell:{secret}@127.0.0.1:{port}/openbell", "SELECT 1") == 1
    finally:
        await server.stop()


def working_on(path: Path) -> list[str]:
    """Command lines of the processes that name `path`."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and os.fsencode(path) in (entry / "cmdline").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


async def test_what_makes_the_database_ends_with_a_killed_engine(folder: Path) -> None:
    engine = engine_process(folder / "pg")
    new = folder / "pg" / "cluster.new"
    try:
        deadline_s = time.monotonic() + 60
        while not (new / "PG_VERSION").exists():
            assert engine.poll() is None and time.monotonic() < deadline_s
            await asyncio.sleep(0.001)
    finally:
        engine.kill()
        engine.communicate(timeout=20)
    while found := working_on(new):
        assert time.monotonic() < deadline_s, found
        await asyncio.sleep(0.01)
    assert not (new / "base" / "5").exists(), "the last of what initdb makes"
    server = EmbeddedPostgres(folder / "pg")
    assert await query(await server.start(), "SELECT 1") == 1
    await server.stop()


async def test_a_server_left_by_a_killed_engine_is_adopted(folder: Path) -> None:
    first = engine_process(folder / "postgres")
    pid, adopted, dsn = hello(first)
    assert not adopted
    await query(dsn, "CREATE TABLE kept AS SELECT 1 AS answer")
    first.kill()
    first.wait()
    assert alive(pid)
    second = engine_process(folder / "postgres")
    assert hello(second) == (pid, True, dsn)
    assert await query(dsn, "SELECT answer FROM kept") == 1
    dismiss(second)
    assert not alive(pid)


async def test_a_left_server_with_other_settings_is_replaced(folder: Path) -> None:
    first = engine_process(folder / "postgres")
    pid, _, _ = hello(first)
    first.kill()
    first.wait()
    (port,) = free_ports(1)
    server = EmbeddedPostgres(folder / "postgres", port=port)
    await server.start()
    try:
        assert not server.adopted
        assert not alive(pid)
        assert await query(server.dsn, "SHOW listen_addresses") == "127.0.0.1"
    finally:
        await server.stop()


async def test_killed_with_its_engine_it_recovers(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    dsn = await server.start()
    # Of a commit that waits for the disk nothing is lost.
    await query(dsn, "CREATE TABLE kept AS SELECT 7 AS answer")
    await query(dsn, "CHECKPOINT")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while server.running:
        await asyncio.sleep(0.01)
    assert await server.ensure_running() == dsn
    try:
        assert await query(dsn, "SELECT answer FROM kept") == 7
    finally:
        await server.stop()


async def test_a_stale_pid_file_with_a_number_in_use_does_not_stop_the_start(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    await server.start()
    await server.stop()
    # This very process is alive and no PostgreSQL: as after a reboot that gave the number to somebody else.
    stale = folder / "postgres" / "cluster" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{stale.parent}\n1700000000\n5432\n/nowhere\n\n  1 1\nready   \n")
    await server.start()
    try:
        assert await query(server.dsn, "SELECT 1") == 1
        assert server.pid != os.getpid()
    finally:
        await server.stop()


async def test_ctrl_c_in_the_terminal_does_not_reach_it(folder: Path) -> None:
    process = engine_process(folder / "postgres", "setsid")
    pid, _, dsn = hello(process)
    try:
        # What a terminal does: the signal goes to every process of the foreground group.
        group = os.getpgid(process.pid)
        assert os.getpgid(pid) != group
        assert os.getsid(pid) != os.getsid(process.pid)
        os.killpg(group, signal.SIGINT)
        await asyncio.sleep(0.3)
        assert await query(dsn, "SELECT 1") == 1
    finally:
        process.kill()
        process.wait()
        os.kill(pid, signal.SIGINT)


async def test_two_engines_do_not_share_a_directory(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    await server.start()
    try:
        other = EmbeddedPostgres(folder / "postgres")
        with pytest.raises(StoreError, match=rf"in use by another engine \(process {os.getpid()}\)"):
            await other.start()
        assert await query(server.dsn, "SELECT 1") == 1
    finally:
        await server.stop()


async def test_a_cluster_of_another_version_is_named(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    await server.start()
    await server.stop()
    (folder / "postgres" / "cluster" / "PG_VERSION").write_text("15\n")
    with pytest.raises(StoreError, match=r"cluster was made by PostgreSQL 15, and this one is \d+\. It holds only"):
        await server.start()


async def test_a_strange_directory_is_not_touched(folder: Path) -> None:
    strange = folder / "postgres" / "cluster"
    strange.mkdir(parents=True)
    os.chown(strange, 65534, 65534) if os.geteuid() == 0 else None
    (strange / "precious").write_text("data")
    with pytest.raises(StoreError, match="is not a data directory of PostgreSQL"):
        await EmbeddedPostgres(folder / "postgres").start()
    assert (strange / "precious").read_text() == "data"


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own with this much room."""
    disk = folder / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting a small file system needs root and a machine that lets it")
    disk.chmod(0o755)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


async def test_without_room_the_error_says_how_much_is_needed(folder: Path) -> None:
    with small_disk(folder, "64m") as disk:
        with pytest.raises(StoreError, match=r"/postgres has \d+ MiB free, a new database needs 256 MiB: make room"):
            await EmbeddedPostgres(disk / "postgres").start()
        assert not (disk / "postgres" / "cluster").exists()


async def test_a_disk_that_became_full_is_named_and_nothing_is_lost(folder: Path) -> None:
    with small_disk(folder, "300m") as disk:
        server = EmbeddedPostgres(disk / "postgres")
        dsn = await server.start()
        await query(dsn, "CREATE TABLE kept AS SELECT 5 AS answer")
        await server.stop()
        ballast = disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()
        with pytest.raises(StoreError, match="No space left on device"):
            await server.start()
        ballast.unlink()
        await server.start()
        assert await query(dsn, "SELECT answer FROM kept") == 5
        await server.stop()


async def test_a_broken_cluster_gives_the_servers_own_words(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    await server.start()
    await server.stop()
    (folder / "postgres" / "cluster" / "global" / "pg_control").unlink()
    with pytest.raises(StoreError, match=r"PostgreSQL ended while starting: .*(pg_control|database system)"):
        await server.start()
    # The failed start let go of the directory.
    assert not server.running
    with pytest.raises(StoreError, match="ended while starting"):
        await EmbeddedPostgres(folder / "postgres").start()


async def test_a_long_path_gets_its_socket_elsewhere(folder: Path) -> None:
    server = EmbeddedPostgres(folder / ("long" * 30) / "postgres")
    server.data_dir.parent.mkdir()
    dsn = await server.start()
    try:
        assert await query(dsn, "SELECT 1") == 1
        assert "long" not in dsn
    finally:
        await server.stop()


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(StoreError, match=f"postgres.port must be 1..65535, got {port}"):
        EmbeddedPostgres("/nowhere", port=port)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become a plain user")
async def test_as_a_plain_user(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    # root's clone may be closed to others: the test lends its way in, the server has none of it.
    lent = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")
    plain = engine_process(home / "postgres", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *lent)
    pid, adopted, dsn = hello(plain)
    assert not adopted
    assert Path(f"/proc/{pid}").stat().st_uid == 65534
    assert (home / "postgres" / "password").stat().st_uid == 65534
    assert await query(dsn, "SELECT 1") == 1
    dismiss(plain)
    assert not alive(pid)
    # Then root on the same data: as the user it belongs to.
    server = EmbeddedPostgres(home / "postgres")
    await server.start()
    try:
        assert server.pid is not None
        assert Path(f"/proc/{server.pid}").stat().st_uid == 65534
    finally:
        await server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up root")
async def test_as_root_in_a_folder_closed_to_others(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "postgres")
    dsn = await server.start()
    try:
        assert server.pid is not None
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{server.pid}/status").read_text().splitlines())
        assert status["Uid"].split()[0] == "65534"
        # At most the two capabilities that unprivileged.py names.
        assert int(status["CapEff"], 16) & ~0b110 == 0
        assert await query(dsn, "SELECT 1") == 1
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        await server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root chooses a user")
async def test_a_wrong_system_user_is_named(folder: Path) -> None:
    with pytest.raises(StoreError, match=r"postgres\.system_user: there is no user 'nobody-here' on this machine"):
        await EmbeddedPostgres(folder / "postgres", system_user="nobody-here").start()
    with pytest.raises(StoreError, match=r"postgres\.system_user: 'root' is root"):
        await EmbeddedPostgres(folder / "postgres", system_user="root").start()
