"""A learning account whose transcript is read again."""

from datetime import timedelta

from domain.database.pool import execute
from domain.models import Association
from domain.operations.associations import remove_association
from domain.operations.transcripts import ReadPage, reread_transcripts
from domain.rules.enums import LearningProvider
from domain.rules.visibility import MemberViewer
from tests.sign_in.environment import LEARN, World

DAY = timedelta(days=1)
AMARA = "/personas/amara-learn"


async def linked(world: World) -> MemberViewer:
    """Link Amara's account and return her."""
    amara = await world.member()
    await world.link(amara)
    return amara


async def read(world: World, provider: LearningProvider = LEARN) -> ReadPage:
    """Let a worker read one page."""
    return await reread_transcripts(
        provider=provider, now=world.clock(), settings=world.settings, issuers=world.issuers
    )


async def refuse(world: World) -> None:
    """Let the provider refuse Amara's grant."""
    await world.browser.post(f"{AMARA}/withdrawals")
    world.clock.advance(DAY)
    await read(world)


async def remove(world: World, viewer: MemberViewer) -> None:
    """Let Amara remove her association."""
    association = await Association.get()
    await remove_association(
        viewer=viewer, association_id=association.id, now=world.clock(), policy=world.settings.policy
    )


async def tell(world: World, what: str, certification: str) -> None:
    """Change Amara's transcript at the provider."""
    answer = await world.browser.post(f"{AMARA}/{what}", json={"certification": certification})
    assert answer.status_code in {200, 201}, answer.text


async def grant(world: World) -> str:
    """Return the refresh token that is kept."""
    association = await Association.get()
    assert association.grant_sealed is not None
    return world.settings.master_key.open(association.grant_sealed)


async def let_the_lease_lapse() -> None:
    """Let every transcript be leased again once it is due."""
    await execute("UPDATE association SET read_leased_until = clock_timestamp() WHERE read_leased_until IS NOT NULL")
