"""`./openbell check`: the static checks. `./openbell test [PYTEST ARGUMENTS]`: those, then every test.

Standard output ends with pytest's closing line. The exit code is not 0 when any check or test failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKERS_A_CORE, MOST_WORKERS = 2, 16  # most tests wait: for processes, timers, a database
ONE_PROCESS = ("-k", "-n", "--numprocesses", "-s", "--capture=no", "--pdb", "--trace", "--co", "--help", "--version")
TYPED = ("client/openbell", "engine", "gateway", "tools", "bench")


def static_checks() -> list[tuple[str, list[str]]]:
    """Each check's name and command."""
    python = sys.executable
    cython = sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "ext").rglob("*.p[yx][xdi]") if path.suffix != ".pyi"
    )
    checks = [
        ("ruff format", [python, "-m", "ruff", "format", "--check", "--output-format", "concise", "."]),
        ("ruff check", [python, "-m", "ruff", "check", "--output-format", "concise", "."]),
        ("mypy --strict", [python, "-m", "mypy", *(name for name in TYPED if any((ROOT / name).rglob("*.py")))]),
    ]
    if cython:
        checks.append(("cython-lint", ["cython-lint", *cython]))
    if (ROOT / "schema" / "generate.py").exists():
        checks.append(("generated files", [python, "schema/generate.py", "--check"]))
    return checks


def run_static() -> list[str]:
    """Run the static checks beside each other, show the output of those that fail; the names of those."""
    failed = []
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}

    def run(check: tuple[str, list[str]]) -> tuple[float, subprocess.CompletedProcess[bytes]]:
        began_s = time.monotonic()
        done = subprocess.run(
            check[1], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        return time.monotonic() - began_s, done

    checks = static_checks()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (name, _), (took_s, done) in zip(checks, pool.map(run, checks), strict=True):
            print(f"{name}: {'FAILED' if done.returncode else 'ok'}, {took_s:.1f} s", flush=True)
            if done.returncode:
                failed.append(name)
                print(done.stdout.decode("utf-8", "replace"), flush=True)
    return failed


def workers(arguments: list[str]) -> list[str]:
    """What tells pytest-xdist to spread the tests over processes (tests/spread.py says how).

    None where the arguments name tests, which seldom last long enough, or ask for what only one process can do.
    """
    for argument in arguments:
        if argument.startswith(ONE_PROCESS) or (ROOT / argument.partition("::")[0]).exists():
            return []
    return ["-n", str(min(WORKERS_A_CORE * (os.cpu_count() or 1), MOST_WORKERS))]


def main(arguments: list[str]) -> int:
    failed = run_static()
    code = 0
    if arguments[0] == "test":
        if failed:
            print(f"failed before the tests: {', '.join(failed)}", flush=True)
        command = [sys.executable, "-m", "pytest", *workers(arguments[1:]), *arguments[1:]]
        # The tests start hundreds of processes, each of which would compile every source again.
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    if failed:
        print(f"openbell: failed: {', '.join(failed)}", file=sys.stderr)
    return code or int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
