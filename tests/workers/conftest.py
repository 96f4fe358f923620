"""Fixtures: a worker's context beside the sign-in's fixtures."""

import pytest

from tests.sign_in.conftest import sandbox_folder, settings, signing_keys, world
from tests.sign_in.environment import World
from workers.tasks import WorkerContext

__all__ = ["sandbox_folder", "settings", "signing_keys", "workplace", "world"]


@pytest.fixture
def workplace(world: World) -> WorkerContext:
    """A worker's context in this process."""
    return WorkerContext(settings=world.settings, clock=world.clock, issuers=world.issuers)
