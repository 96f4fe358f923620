"""Delivery of invitations by a worker."""

from datetime import timedelta

from pydantic import SecretStr
from redis.asyncio import Redis

from domain.models import Invitation
from domain.operations.invitations import Invitee, invite_members
from domain.queue import QUEUE, open_queue
from domain.rules.administration import Operator
from domain.rules.enums import MemberRole
from tests.domain.mail_box import mail_box
from tests.sign_in.environment import World
from tests.workers.sweeping import sweep
from workers.tasks import WorkerContext


async def test_an_invitation_wakes_a_worker_and_any_sweeper_sends_it_once(
    redis: Redis, world: World, workplace: WorkerContext
) -> None:
    organization = await world.organization()
    async with mail_box() as box, open_queue(world.settings.redis_url):
        world.settings.smtp_url = SecretStr(f"smtp://127.0.0.1:{box.port}")
        world.settings.mail_from = "certlink@contoso.example"
        await invite_members(
            by=Operator(organization_id=organization.id),
            invitees=[Invitee(work_email="nadia.novak@contoso.example", role=MemberRole.ACCOUNT_ADMIN)],
            now=world.clock(),
            settings=world.settings,
        )
        queued = [name.decode().partition(":")[0] for name in await redis.zrange(QUEUE, 0, -1)]
        await redis.flushall()

        await sweep(workplace)
        await sweep(workplace)

    assert queued == ["deliver_invitations"]
    assert box.recipients == ["nadia.novak@contoso.example"]
    assert (await Invitation.get()).sent_at == world.clock()


async def test_who_was_told_signs_in_with_the_address(redis: Redis, world: World, workplace: WorkerContext) -> None:
    """R2, from the invitation to the session."""
    organization = await world.organization()
    await invite_members(
        by=Operator(organization_id=organization.id),
        invitees=[Invitee(work_email="Amara.Osei@contoso.example")],
        now=world.clock(),
        settings=world.settings,
    )
    world.clock.advance(timedelta(days=3))

    await world.sign_in("amara.osei@contoso.example", "amara")

    assert (await Invitation.get()).responded_at == world.clock()
