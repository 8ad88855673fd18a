"""The whole clone on a bare Debian: a root file system with python3 and nothing else, as root and as a plain user.

Takes minutes and needs root, debootstrap and network, so it runs only on demand, and prints what each start took:

    OPENBELL_TEST_BARE=bookworm ./openbell test tests/launcher/test_bare_machine.py -s

The machine's apt sources and certificate authorities are copied in, since its network may need them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RELEASE = os.environ.get("OPENBELL_TEST_BARE", "")
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not RELEASE, reason="on demand: OPENBELL_TEST_BARE=bookworm (or another release of Debian)"),
    pytest.mark.skipif(os.geteuid() != 0, reason="debootstrap and chroot need root"),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="needs debootstrap"),
]


def mirror() -> list[str]:
    """The machine's own Debian mirror, as debootstrap's last argument; without one it has a default."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True, check=False
    )
    return done.stdout.split()[:1]


def setting(folder: Path, *command: str) -> None:
    subprocess.run(["chroot", folder, *command], check=True, capture_output=True)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A bare root file system with a user `trader`; /proc is mounted while it is in use."""
    folder = tmp_path_factory.mktemp("bare") / "root"
    bootstrap = ["debootstrap", "--variant=minbase", "--include=python3", RELEASE, str(folder), *mirror()]
    subprocess.run(bootstrap, check=True, stdout=subprocess.DEVNULL)
    for name in ("/etc/resolv.conf", "/etc/hosts"):
        shutil.copy(name, f"{folder}{name}")
    for path in Path("/etc/apt/apt.conf.d").iterdir():
        shutil.copy(path, f"{folder}{path}")
    # As on a fresh image: sources, and no package lists.
    shutil.rmtree(folder / "var/lib/apt/lists")
    (folder / "dev/shm").mkdir(exist_ok=True)
    if AUTHORITIES.exists():
        shutil.copy(AUTHORITIES, folder / "etc/authorities.pem")
    setting(folder, "useradd", "--create-home", "trader")
    subprocess.run(["mount", "-t", "proc", "proc", folder / "proc"], check=True)
    yield folder
    subprocess.run(["umount", folder / "proc"], check=True)


def trade(openbell: list[str], data: str, what: str) -> None:
    """Start a market with its demo and PostgreSQL, buy something, look at it, and stop it with Ctrl-C."""

    def ask(*arguments: str) -> str:
        command = [*openbell, *arguments, "--data", data]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    began_s = time.monotonic()
    market = subprocess.Popen(
        [*openbell, "run", "--plain", "--ports", "0", "--data", data], stderr=subprocess.PIPE, text=True
    )
    try:
        assert market.stderr is not None
        said = []
        for line in market.stderr:
            said.append(line)
            if "live" in line:
                break
        live_s = time.monotonic() - began_s
        assert market.poll() is None, said
        deadline_s = time.monotonic() + 60
        while not ((status := json.loads(ask("ctl", "status", "--json")))["trades"] and status["projected_sequence"]):
            assert time.monotonic() < deadline_s, status
            time.sleep(0.2)
        bought = ask("order", "buy", "ANVL", "5")
        assert "bought 5" in bought
    finally:
        began_s = time.monotonic()
        market.send_signal(signal.SIGINT)
        rest = market.communicate(timeout=30)[1]
    assert market.returncode == 0, rest
    print(f"{what}: live after {live_s:.2f} s, stopped after {time.monotonic() - began_s:.2f} s\n{bought}", end="")


@pytest.mark.parametrize("user", ["root", "trader"])
def test_from_a_clone_to_a_prepared_market(machine: Path, user: str) -> None:
    for missing in ("cc", "gcc", "pip", "pip3"):
        assert subprocess.run(["chroot", machine, "which", missing], capture_output=True, check=False).returncode
    home = "/root" if user == "root" else f"/home/{user}"
    clone = f"{home}/openbell"
    subprocess.run(["git", "clone", "-q", ROOT, f"{machine}{clone}"], check=True)
    setting(machine, "chown", "-R", f"{user}:", clone)
    before = subprocess.run(["chroot", machine, "dpkg", "-l"], capture_output=True, check=True).stdout
    become = ["chroot", str(machine), "setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "env", "-i"]
    variables = [
        f"HOME={home}",
        "PATH=/usr/bin:/bin",
        "PIP_CERT=/etc/authorities.pem" if AUTHORITIES.exists() else "A=B",
    ]
    for start in ("first", "second"):
        began_s = time.monotonic()
        done = subprocess.run(
            [*become, *variables, f"{clone}/openbell", "--help"], capture_output=True, text=True, check=False
        )
        elapsed_s = time.monotonic() - began_s
        assert done.returncode == 0, done.stderr
        assert "run" in done.stdout
        print(f"\nDebian {RELEASE}, as {user}, {start} start: {elapsed_s:.2f} s\n{done.stderr}", end="")
    assert elapsed_s < 3
    for start in ("first", "second"):
        trade(
            [*become, *variables, f"{clone}/openbell"], f"{home}/market", f"Debian {RELEASE}, as {user}, {start} market"
        )
    assert subprocess.run(["chroot", machine, "dpkg", "-l"], capture_output=True, check=True).stdout == before
    assert list((machine / "var/lib/apt").glob("lists/*")) == []
