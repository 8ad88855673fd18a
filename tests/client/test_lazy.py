"""`import openbell` loads what is asked of it and no more."""

from __future__ import annotations

import subprocess
import sys

import openbell
import pytest
from openbell import sdk


def loaded(code: str) -> set[str]:
    """Which modules a process has after that."""
    told = f"{code}\nimport sys\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize(
    "code", ["import openbell; openbell.wire, openbell.__version__", "from openbell import wire, records"]
)
def test_records_come_without_clients_and_sockets(code: str) -> None:
    assert "openbell.wire" in loaded(code)
    assert not {"openbell.sdk", "openbell.blocking", "zmq", "asyncio"} & loaded(code)


@pytest.mark.parametrize(
    "code", ["import openbell; openbell.connect", "from openbell import Client", "from openbell import *; Client"]
)
def test_clients_come_when_they_are_asked_for(code: str) -> None:
    assert {"openbell.sdk", "openbell.blocking", "zmq"} <= loaded(code)


def test_all_names_are_there() -> None:
    assert [name for name in sdk.__all__ if getattr(openbell, name) is not getattr(sdk, name)] == []
    assert set(sdk.__all__) <= set(dir(openbell))
    assert len(set(sdk.__all__)) == len(sdk.__all__) > 90


def test_a_wrong_name_is_none() -> None:
    with pytest.raises(AttributeError, match="module 'openbell' has no attribute 'conect'"):
        exec("openbell.conect", {"openbell": openbell})
    with pytest.raises(ImportError, match="cannot import name 'Clinet'"):
        exec("from openbell import Clinet")
