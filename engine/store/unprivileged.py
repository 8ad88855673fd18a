"""Running PostgreSQL, which refuses root, when the engine is root: as which user, and how that user reaches the files.

No user is created and no folder's permissions are widened. A clone in root's home is out of reach for any other user,
so where the plain change of user is not enough, the server keeps the one capability to pass through folders (see
docs/decisions/0003-embedded-postgres.md).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# From least to most: nothing, pass and read everywhere, also use what is closed to others.
CAPABILITIES = ("", "dac_read_search", "dac_override")


class UnreachableError(Exception):
    """No permitted way lets the server's user reach its program and its data."""


@dataclass(frozen=True, slots=True)
class Runner:
    """How to start a program of PostgreSQL: `prefix` (setpriv or nothing) before it, and the user its files belong to.

    `uid` and `gid` are None when the engine itself is that user.
    """

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None
    name: str = ""

    def command(self, arguments: Sequence[str | Path]) -> list[str]:
        return [*self.prefix, *(str(argument) for argument in arguments)]

    def dying_with_us(self, arguments: Sequence[str | Path]) -> list[str]:
        """As `command`, for a program that is killed when the thread that starts it ends, however that ends."""
        setpriv = shutil.which("setpriv")
        if setpriv is None:  # a plain user on a system without it
            return self.command(arguments)
        return [setpriv, "--pdeathsig=KILL", *self.prefix[1:], *(str(argument) for argument in arguments)]

    def give(self, path: Path) -> None:
        """Make `path` belong to the server's user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def runner_for(cluster: Path, folder: Path, program: Path, system_user: str) -> Runner:
    """The way to run `program` on the data in `cluster` below `folder`, which exists.

    As root: as the owner of `cluster` where that exists already, else as `system_user`.
    Raises UnreachableError, with what to do, where there is no way.
    """
    if os.geteuid() != 0:
        return Runner(name=str(os.geteuid()))
    uid, gid, name = _account(cluster, system_user)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise UnreachableError("running as root needs the program setpriv (package util-linux) to start PostgreSQL")
    base: tuple[str, ...] = (setpriv, f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs")
    said = ""
    for capability in CAPABILITIES:
        prefix = base
        if capability:
            held = f"-all,+{capability}"
            # Without no_setuid_fixup access(2), by which PostgreSQL finds its own files, ignores capabilities.
            prefix = (*base, f"--inh-caps={held}", f"--ambient-caps={held}", "--securebits=+no_setuid_fixup")
        runner = Runner(prefix, uid, gid, name)
        said = _refusal(runner, folder, program)
        if not said:
            return runner
    raise UnreachableError(
        f"PostgreSQL refuses to run as root, and as the user {name} it cannot reach {program} or {folder} ({said}); "
        f"use a clone and a data directory that {name} may enter, or run OpenBell as a plain user"
    )


def _account(cluster: Path, system_user: str) -> tuple[int, int, str]:
    if cluster.exists():
        info = cluster.stat()
        if info.st_uid == 0:
            raise UnreachableError(f"{cluster} belongs to root, under which PostgreSQL does not run: chown it")
        try:
            return info.st_uid, info.st_gid, pwd.getpwuid(info.st_uid).pw_name
        except KeyError:
            return info.st_uid, info.st_gid, f"number {info.st_uid}"
    try:
        entry = pwd.getpwnam(system_user)
    except KeyError:
        raise UnreachableError(f"postgres.system_user: there is no user {system_user!r} on this machine") from None
    if entry.pw_uid == 0:
        raise UnreachableError(f"postgres.system_user: {system_user!r} is root, under which PostgreSQL does not run")
    return entry.pw_uid, entry.pw_gid, entry.pw_name


def _refusal(runner: Runner, folder: Path, program: Path) -> str:
    """Try it for real: empty when the user can start the program and enter the folder, else what was said."""
    script = 'cd "$1" && exec "$0" --version'
    line = runner.command(["/bin/sh", "-c", script, program, folder])
    done = subprocess.run(line, capture_output=True, text=True, errors="replace", check=False, cwd="/")
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
