"""Warnings of issuers that will soon refuse our client."""

from datetime import timedelta
from typing import Any

from structlog.testing import capture_logs

from domain.models import IdentityIssuer, Organization
from domain.operations.organizations import remove_issuer, set_client
from domain.providers.client_authentication import ClientSecret
from domain.rules.credentials import WARN_BEFORE
from tests.sign_in.environment import World
from tests.workers.rereading import DAY
from tests.workers.sweeping import sweep
from workers.tasks import WorkerContext


async def warnings(context: WorkerContext) -> list[Any]:
    """Let a worker look for all that is due twice, and return what it warned of."""
    with capture_logs() as logs:
        await sweep(context)
        await sweep(context)
    return [
        (line["organization"], line["has_expired"]) for line in logs if line["event"] == "issuer credentials expire"
    ]


async def expire(world: World, organization: Organization, **options: Any) -> None:
    """Give our client another secret, which expires a day after the warning begins."""
    await set_client(
        organization_domain=organization.domain,
        issuer=None,
        client_id=None,
        credential=ClientSecret(secret="another"),
        expires_at=world.clock() + WARN_BEFORE + DAY,
        now=world.clock(),
        settings=world.settings,
        **options,
    )


async def test_a_worker_warns_once_a_day_from_30_days_before_on(world: World, workplace: WorkerContext) -> None:
    contoso, fabrikam = await world.organization(), await world.organization("Fabrikam")
    await expire(world, contoso, end_previous=True)
    # The secret before, whose expiry nobody told, still works there.
    await expire(world, fabrikam)

    early = await warnings(workplace)
    found = []
    for days in (1, 1, 30):
        world.clock.advance(timedelta(days=days))
        found.append(await warnings(workplace))

    assert early == []
    assert found == [[(contoso.id, False)], [(contoso.id, False)], [(contoso.id, True)]]


async def test_an_issuer_that_is_trusted_no_more_is_not_warned_of(world: World, workplace: WorkerContext) -> None:
    contoso = await world.organization()
    await expire(world, contoso, end_previous=True)
    world.clock.advance(WARN_BEFORE)
    issuer = await IdentityIssuer.get()

    await remove_issuer(organization_domain=contoso.domain, issuer=issuer.issuer, now=world.clock())

    assert await warnings(workplace) == []


async def test_what_is_warned_of_is_the_issuer_and_nothing_secret(world: World, workplace: WorkerContext) -> None:
    contoso = await world.organization()
    await expire(world, contoso, end_previous=True)
    world.clock.advance(WARN_BEFORE)

    with capture_logs() as logs:
        await sweep(workplace)

    (line,) = [line for line in logs if line["event"] == "issuer credentials expire"]
    assert line == {
        "event": "issuer credentials expire",
        "log_level": "warning",
        "organization": contoso.id,
        "issuer": world.issuer("work/contoso"),
        "expires_at": (world.clock() + DAY).isoformat(),
        "has_expired": False,
    }
