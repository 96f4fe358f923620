"""How does an association attempt begin?"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from domain.database.transaction import Transaction, operation
from domain.errors import InvalidInput
from domain.models import AssociationAttempt
from domain.operations.activate_member import check_active
from domain.providers.learning import provider_client
from domain.queries.associations import allowance, needs_sign_in_again
from domain.rules.association_limits import check_association_limits
from domain.rules.visibility import MemberViewer
from domain.rules.words import AttemptStatus, LearningProvider
from domain.secrets import hash_token, new_token
from domain.settings import Settings

MAX_RETURN_TO = 500


@dataclass(frozen=True, kw_only=True)
class StartedAssociation:
    """An attempt, and our own one-time address at which its browser continues."""

    attempt_id: int
    authorization_url: str


@operation
async def start_association(
    transaction: Transaction,
    *,
    viewer: MemberViewer,
    provider: LearningProvider,
    return_to: str | None,
    now: datetime,
    settings: Settings,
) -> StartedAssociation:
    """Write an attempt of the viewer's own that waits ten minutes for the sign-in at the provider.

    The limits of the member's own history are checked early, for the person's comfort; they are checked again, with
    those of the account, when the association starts. They do not concern whoever signs in again for an account whose
    transcript cannot be read any more.

    Raises:
        AlreadyAssociated: the member has an active association at the provider (R3).
        CoolOffActive: the cool-off is still running (R6).
        YearlyLimitReached: the year's associations are used up (R6).
        ProviderUnavailable: the provider is not set up.
        InvalidInput: ``return_to`` is neither a path here nor an address of a known front-end.
        Forbidden: the member has just been removed.
    """
    check_return_to(return_to, settings)
    provider_client(settings, provider)
    await check_active(viewer)
    if not await needs_sign_in_again(viewer.member_id, provider):
        check_association_limits(await allowance(viewer.member_id, provider, now=now, policy=settings.policy))

    ticket = new_token()
    attempt = await AssociationAttempt.create(
        member_id=viewer.member_id,
        provider=provider,
        status=AttemptStatus.AWAITING_SIGN_IN,
        ticket_hash=hash_token(ticket),
        return_to=return_to,
        created_at=now,
        expires_at=now + settings.policy.attempt_lifetime,
    )
    return StartedAssociation(attempt_id=attempt.id, authorization_url=f"{settings.public_url}/associate/{ticket}")


def check_return_to(return_to: str | None, settings: Settings) -> None:
    """Refuse to send people anywhere but to our own pages and known front-ends.

    Raises:
        InvalidInput: the address is another one.
    """
    if return_to is None:
        return
    if len(return_to) > MAX_RETURN_TO or "\\" in return_to or any(ord(character) <= 32 for character in return_to):
        raise InvalidInput("returnTo is not an address to come back to.")
    try:
        parts = urlsplit(return_to)
    except ValueError:
        raise InvalidInput("returnTo is not an address to come back to.") from None
    is_path = not parts.scheme and not parts.netloc and return_to.startswith("/") and not return_to.startswith("//")
    if not is_path and f"{parts.scheme}://{parts.netloc}" not in settings.return_origins:
        raise InvalidInput("returnTo must be a path here, or at one of the origins that are set up.")
