"""Fixtures of the command line's tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_runs import Bench
from hypothesis import HealthCheck, settings
from other_pythons import other_python

from tracefork_tui.demo.server import serve

settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def no_price_is_kept() -> Iterator[None]:
    """Prices that one test makes up are not those of the next."""
    yield
    facts = sys.modules.get("tracefork_tui.query.facts")
    if facts is not None:
        facts.price.cache_clear()


@pytest.fixture(autouse=True, scope="session")
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the settings and the state of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture(scope="session")
def model() -> Iterator[str]:
    """The offline model's URL."""
    with serve() as url:
        yield url


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the user's own secret is kept during these tests."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of all the workers of this test run."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture
def bench(tmp_path: Path, model: str, state: Path) -> Bench:
    return Bench(tmp_path, model, state)


@pytest.fixture(scope="session")
def newer(request: pytest.FixtureRequest) -> str:
    """A Python with the newest SDKs and frameworks."""
    return other_python("newer", request.config)


@pytest.fixture(scope="session")
def older(request: pytest.FixtureRequest) -> str:
    """A Python whose SDKs are on httpx."""
    return other_python("older", request.config)


@pytest.fixture(scope="session")
def frameworks(request: pytest.FixtureRequest) -> str:
    """A Python that has frameworks which other clients' needs exclude."""
    return other_python("frameworks", request.config)
