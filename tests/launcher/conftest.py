"""Small clones to launch: one after its first use, and copies of it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher.clones import Clone, small_clone


@pytest.fixture(scope="session")
def first_use() -> Iterator[tuple[Clone, subprocess.CompletedProcess[str]]]:
    """A small clone after its first use, and what that printed. Not to be changed: tests copy it."""
    folder = Path(tempfile.mkdtemp(prefix="ob-clone-"))
    folder.chmod(0o755)
    clone = small_clone(folder / "first clone")  # a blank in the path, too
    yield clone, clone.launch("status", "--json")
    shutil.rmtree(folder)


@pytest.fixture
def clone(first_use: tuple[Clone, subprocess.CompletedProcess[str]]) -> Iterator[Clone]:
    """A prepared small clone of the test's own: a copy, that is a clone that has been moved."""
    folder = Path(tempfile.mkdtemp(prefix="ob-clone-"))
    folder.chmod(0o755)
    shutil.copytree(first_use[0].root, folder / "clone", symlinks=True)
    (folder / "home").mkdir()
    copy = Clone(folder / "clone", folder / "home")
    assert "answer 42" in copy.launch("x").stdout
    yield copy
    shutil.rmtree(folder)
