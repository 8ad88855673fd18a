"""One seed for everything random in a run, printed at its head: `--seed N` repeats the run.

How a run is spread over processes: see tests/spread.py.
"""

from __future__ import annotations

import random
import signal
from typing import Any

import hypothesis
import pytest
from hypothesis import core as hypothesis_core

from tests import spread

SEED = pytest.StashKey[int]()

# The machine may be busy: a slow example is no failure. A failing one is printed in full, ready to be repeated.
hypothesis.settings.register_profile("openbell", deadline=None, print_blob=True, database=None)
hypothesis.settings.load_profile("openbell")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="the seed of everything random (default: another each run)")


def pytest_configure(config: pytest.Config) -> None:
    given = config.getoption("--seed")
    if given is None:  # a worker has the seed of the run
        given = getattr(config, "workerinput", {}).get("seed", random.SystemRandom().randrange(1 << 32))
    config.stash[SEED] = given
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what it runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)  # or no process of the tests would hear Ctrl-C
    # As the option --hypothesis-seed does.
    hypothesis_core.global_force_seed = config.stash[SEED]


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed: {config.stash[SEED]} (repeat with --seed {config.stash[SEED]})"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["seed"] = node.config.stash[SEED]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return spread.Spread(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: spread.rank(item.nodeid))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if hasattr(item.config, "workerinput"):
        spread.be_nice(item)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The run's seed, for tests that make random things themselves."""
    return request.config.stash[SEED]


@pytest.fixture(autouse=True)
def _seeded(request: pytest.FixtureRequest) -> None:
    """The same random numbers for a test of the same name, whatever runs beside it."""
    random.seed(f"{request.config.stash[SEED]} {request.node.nodeid}")
