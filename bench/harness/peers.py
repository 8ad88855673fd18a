"""Peers from the package index: installed on demand into their own environment, each run in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from bench.peers import PEERS
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
        with Step(f"installing the {len(PEERS)} peers"):
            everything = self._install(pip, ["--require-hashes", "-r", str(LOCK)])
        if not everything:
            versions = self.folder / "peers-versions.txt"
            versions.write_text("".join(f"{line}\n" for line in pinned(wanted)), "utf-8")
            for peer in PEERS.values():
                with Step(f"installing {peer.package} alone"):
                    self._install(pip, ["--constraint", str(versions), peer.package])
        done.write_text(wanted, "utf-8")

    def run(self, name: str, flow: Path, passes: int, timeout_s: float = 120.0) -> PeerResult:
        """Measure one peer over the head of a flow of one symbol."""
        peer = PEERS[name]
        command = [str(self.python), "-m", "bench.peers.runner", name, str(flow), str(peer.events), str(passes)]
        env = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONDONTWRITEBYTECODE="1")
        try:
            done = subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return PeerResult(name, peer.package, peer.matches, trouble=f"gave no result in {timeout_s:.0f} s")
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["no word"]
            trouble = "not installed" if "ModuleNotFoundError" in last[0] else last[0][:120]
            return PeerResult(name, peer.package, peer.matches, trouble=trouble)
        return PeerResult(name, peer.package, peer.matches, **json.loads(done.stdout.strip().splitlines()[-1]))

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
