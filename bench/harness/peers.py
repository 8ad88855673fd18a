"""Peers from the package index: installed on demand into their own environment, each run in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers import PEERS
from bench.peers.itch import READERS
from tools.borrow import Borrower
from tools.steps import Step

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = ROOT / "requirements-bench.lock"


@dataclass(frozen=True)
class PeerResult:
    """One peer's figure, or why there is none."""

    name: str
    package: str
    matches: bool
    ns_per_event: float | None = None
    events: int = 0
    fills: int | None = None
    volume: int | None = None
    notional: int | None = None
    trouble: str = ""


class PeerEnvironment:
    """The virtual environment `folder`/venv with the packages of requirements-bench.lock, as far as they install."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder = folder.resolve()
        self.python = folder / "venv" / "bin" / "python"
        self.log = folder / "peers-pip.log"

    def prepare(self) -> None:
        """Make it on first use, with progress on standard error. A package that cannot be had is left out."""
        done = self.folder / "venv" / "installed"
        wanted = LOCK.read_text("utf-8")
        if done.exists() and done.read_text("utf-8") == wanted and self.python.exists():
            return
        with Step("making the environment of the peers"):
            self.folder.mkdir(parents=True, exist_ok=True)
            venv.EnvBuilder(symlinks=True, with_pip=False, clear=True).create(self.folder / "venv")
        pip = Borrower(self.folder / "borrowed", self.folder / "peers-apt.log").pip(self.python)
        packages = [*(peer.package for peer in PEERS.values()), *READERS.values()]
        with Step(f"installing the {len(packages)} peers"):
            everything = self._install(pip, ["--require-hashes", "-r", str(LOCK)])
        if not everything:
            versions = self.folder / "peers-versions.txt"
            versions.write_text("".join(f"{line}\n" for line in pinned(wanted)), "utf-8")
            for package in packages:
                with Step(f"installing {package} alone"):
                    self._install(pip, ["--constraint", str(versions), package])
        done.write_text(wanted, "utf-8")

    def run(self, name: str, flow: Path, passes: int, timeout_s: float = 120.0) -> PeerResult:
        """Measure one peer over the head of a flow of one symbol."""
        peer = PEERS[name]
        answer = self.ask("bench.peers.runner", [name, str(flow), str(peer.events), str(passes)], timeout_s)
        if isinstance(answer, str):
            return PeerResult(name, peer.package, peer.matches, trouble=answer)
        return PeerResult(name, peer.package, peer.matches, **answer)

    def ask(self, module: str, arguments: list[str], timeout_s: float = 120.0) -> dict[str, Any] | str:
        """What a module prints last, as JSON, run in the environment of the peers; or in words why there is none."""
        command = [str(self.python), "-m", module, *arguments]
        env = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONDONTWRITEBYTECODE="1")
        try:
            done = subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return f"gave no result in {timeout_s:.0f} s"
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["no word"]
            return "not installed" if "ModuleNotFoundError" in last[0] else last[0][:120]
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer

    def _install(self, pip: list[str | Path], arguments: list[str]) -> bool:
        command = [*pip, "install", "--no-input", "--progress-bar", "off", *arguments]
        env = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
        with self.log.open("ab") as log:
            return subprocess.run(command, env=env, stdout=log, stderr=log, check=False).returncode == 0


def pinned(lock: str) -> list[str]:
    """The `name==version ; marker` lines of a lock, without their hashes."""
    lines = (line for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#")))
    return [line.rstrip(" \\") for line in lines]


if __name__ == "__main__":
    PeerEnvironment(Path(sys.argv[1])).prepare()
