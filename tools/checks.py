"""`./openbell check`: the static checks. `./openbell test [PYTEST ARGUMENTS]`: those, then every test.

Standard output ends with pytest's closing line. The exit code is not 0 when any check or test failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
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
    """Run the static checks, show the output of those that fail; the names of those."""
    failed = []
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    for name, command in static_checks():
        began_s = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        verdict = "ok" if done.returncode == 0 else "FAILED"
        print(f"{name}: {verdict}, {time.monotonic() - began_s:.1f} s", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout.decode("utf-8", "replace"), flush=True)
    return failed


def main(arguments: list[str]) -> int:
    failed = run_static()
    code = 0
    if arguments[0] == "test":
        if failed:
            print(f"failed before the tests: {', '.join(failed)}", flush=True)
        code = subprocess.run([sys.executable, "-m", "pytest", *arguments[1:]], cwd=ROOT, check=False).returncode
    if failed:
        print(f"openbell: failed: {', '.join(failed)}", file=sys.stderr)
    return code or int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
