"""The SDK as a package of its own: installed alone, away from the clone."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tools.borrow import Borrower

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_it_installs_and_imports_without_the_rest(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip = Borrower(tmp_path, tmp_path / "apt.log").pip(python)
    # Built from a copy: a build leaves folders beside the source.
    subprocess.run(["cp", "-r", ROOT / "client", tmp_path / "client"], check=True)
    env = {**os.environ, "PIP_USER": "0", "PIP_ROOT_USER_ACTION": "ignore"}
    done = subprocess.run(
        [*pip, "install", "--no-input", "-q", tmp_path / "client"],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    script = (
        "import importlib.resources, openbell, sys;"
        "assert 'site-packages' in openbell.__file__, openbell.__file__;"
        "assert importlib.resources.files(openbell).joinpath('py.typed').is_file();"
        "print(*sorted({name.split('.')[0] for name in sys.modules} & {'engine', 'ext', 'gateway', 'openbell', 'zmq'}))"
    )
    done = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert "openbell" in loaded
    assert not {"engine", "ext", "gateway"} & set(loaded)
    # Exactly the modules of the source: nothing left out, no tests and no build products shipped.
    here = {str(path.relative_to(ROOT / "client")) for path in (ROOT / "client" / "openbell").rglob("*.py")}
    site = tmp_path / "venv" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    assert {str(path.relative_to(site)) for path in (site / "openbell").rglob("*.py")} == here
