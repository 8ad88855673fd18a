"""Make the requirement locks from pyproject.toml: exact versions with hashes, for every platform at once.

    python -m tools.lock            # after `pip install uv`; --upgrade takes the newest versions

requirements.lock is what running needs, requirements-dev.lock what testing needs on top (its versions agree with
the first), requirements-compiler.lock the C compiler for a machine without one, requirements-fuzz.lock what `openbell
fuzz` needs, requirements-bench.lock the order books and ITCH readers by others that `openbell bench core` and `openbell
bench itch` measure beside ours.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Made by `python -m tools.lock` from pyproject.toml; do not edit.\n"


def lock(out_name: str, source: list[str], constraint: str | None, upgrade: bool) -> None:
    """Resolve `source` (arguments of `uv pip compile`) into the file `out_name`."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--output-file", out_name]
    if constraint:
        command += ["--constraint", constraint]
    if upgrade:
        command += ["--upgrade"]
    path = ROOT / out_name
    subprocess.run([*command, *source], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    path.write_text(HEADER + path.read_text("utf-8").removeprefix(HEADER), "utf-8")
    print(f"{out_name}: {sum('==' in line for line in path.read_text('utf-8').splitlines())} packages")


def main(arguments: list[str]) -> int:
    upgrade = "--upgrade" in arguments
    lock("requirements.lock", ["pyproject.toml"], None, upgrade)
    lock("requirements-dev.lock", ["pyproject.toml", "--extra", "test"], "requirements.lock", upgrade)
    lock("requirements-compiler.lock", ["tools/compiler.in"], None, upgrade)
    lock("requirements-fuzz.lock", ["tools/fuzz.in"], "requirements-compiler.lock", upgrade)
    lock("requirements-bench.lock", ["bench/peers.in"], None, upgrade)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
