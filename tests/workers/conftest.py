"""What the tests of the sign-in have, and a place to work at."""

import pytest

from tests.sign_in.conftest import sandbox_folder, settings, signing_keys, world
from tests.sign_in.environment import World
from workers.tasks import Workplace

__all__ = ["sandbox_folder", "settings", "signing_keys", "workplace", "world"]


@pytest.fixture
def workplace(world: World) -> Workplace:
    """A worker's place in this process."""
    return Workplace(settings=world.settings, clock=world.clock, issuers=world.issuers)
