"""One seed for everything random in a run, printed at its head: `--seed N` repeats the run."""

from __future__ import annotations

import random

import hypothesis
import pytest
from hypothesis import core as hypothesis_core

SEED = pytest.StashKey[int]()

# The machine may be busy: a slow example is no failure. A failing one is printed in full, ready to be repeated.
hypothesis.settings.register_profile("openbell", deadline=None, print_blob=True, database=None)
hypothesis.settings.load_profile("openbell")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="the seed of everything random (default: another each run)")


def pytest_configure(config: pytest.Config) -> None:
    given = config.getoption("--seed")
    config.stash[SEED] = random.SystemRandom().randrange(1 << 32) if given is None else given
    # As the option --hypothesis-seed does.
    hypothesis_core.global_force_seed = config.stash[SEED]


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed: {config.stash[SEED]} (repeat with --seed {config.stash[SEED]})"


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The run's seed, for tests that make random things themselves."""
    return request.config.stash[SEED]


@pytest.fixture(autouse=True)
def _seeded(request: pytest.FixtureRequest) -> None:
    """The same random numbers for a test of the same name, whatever runs beside it."""
    random.seed(f"{request.config.stash[SEED]} {request.node.nodeid}")
