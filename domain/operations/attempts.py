"""Begin an association attempt, and bind it to a browser."""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row
from domain.database.transaction import Transaction, operation
from domain.errors import Forbidden, Refusal
from domain.models import AssociationAttempt
from domain.operations.steps.authorization import SignInPage, begin_authorization
from domain.operations.steps.locks import keep_member_active
from domain.providers.learning import provider_client
from domain.providers.oidc import Issuers
from domain.queries.associations import allowance, needs_sign_in_again
from domain.rules.association_limits import check_association_limits
from domain.rules.enums import AttemptStatus, LearningProvider
from domain.rules.return_address import check_return_to
from domain.rules.sign_in import SignInNotKnown, check_not_expired
from domain.rules.visibility import MemberViewer
from domain.secrets import hash_token, new_token
from domain.settings import Settings


@dataclass(frozen=True, kw_only=True)
class StartedAssociation:
    attempt_id: int
    # An address of our own that works once.
    authorization_url: str


class ConfirmationNeeded(Refusal):
    """The browser is not known to be the member's: the person must confirm for whom they link."""

    code = "CONFIRMATION_NEEDED"

    def __init__(self, *, organization_name: str, work_email: str, provider: LearningProvider) -> None:
        super().__init__(f"Continue only if you are {work_email} and started this yourself.")
        self.organization_name = organization_name
        self.work_email = work_email
        self.provider = provider


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    id: int
    member_id: int
    provider: LearningProvider
    expires_at: datetime
    work_email: str
    organization_name: str


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
    """Write an attempt of the viewer's that waits ten minutes for the sign-in at the provider.

    Raises:
        AlreadyAssociated: the member has an active association at the provider (R3).
        CoolOffActive: the cool-off is still running (R6).
        YearlyLimitReached: the year's associations are used up (R6).
        ProviderUnavailable: the provider is not set up.
        InvalidInput: ``return_to`` is neither a path here nor an address of a known front-end.
        Forbidden: the member has just been removed.
    """
    check_return_to(return_to, settings.return_origins)
    # A provider that is not set up is refused before anything is written.
    provider_client(settings, provider)
    if not await keep_member_active(viewer.member_id):
        raise Forbidden
    # Checked here so that the person knows early; checked again, with the account's own limits, when the association
    # starts. A person who signs in again for an account whose transcript cannot be read any more starts none.
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


async def open_attempt(
    *,
    ticket: str,
    viewer: MemberViewer | None,
    confirmed: bool,
    browser_token: str | None = None,
    now: datetime,
    settings: Settings,
    issuers: Issuers,
) -> SignInPage:
    """Use up the one-time address: bind the attempt to this browser and return the provider's sign-in page.

    Raises:
        SignInNotKnown: the address is unknown or used, or another member is signed in here.
        SignInExpired: the attempt's ten minutes are over.
        ConfirmationNeeded: nobody is signed in here, and the person has not confirmed who they are.
        ProviderUnavailable: the provider does not answer; the address can be used again.
    """
    attempt = await fetch_row(
        _Attempt,
        """SELECT t.id, t.member_id, t.provider, t.expires_at, m.work_email, o.name AS organization_name
           FROM association_attempt t JOIN member m ON m.id = t.member_id
           JOIN organization o ON o.id = m.organization_id
           WHERE t.ticket_hash = $1 AND t.state_hash IS NULL AND t.status = 'AWAITING_SIGN_IN'""",
        hash_token(ticket),
    )
    if attempt is None or (viewer is not None and viewer.member_id != attempt.member_id):
        raise SignInNotKnown
    check_not_expired(attempt.expires_at, now=now)
    # Otherwise somebody could send their own address to another person and be credited with that one's account (R1).
    if viewer is None and not confirmed:
        raise ConfirmationNeeded(
            organization_name=attempt.organization_name, work_email=attempt.work_email, provider=attempt.provider
        )
    _, client = provider_client(settings, attempt.provider)
    authorization = await begin_authorization(client, browser_token=browser_token, settings=settings, issuers=issuers)
    bound = await execute(
        """UPDATE association_attempt SET state_hash = $2, browser_hash = $3, nonce = $4, verifier_sealed = $5
           WHERE id = $1 AND state_hash IS NULL AND status = 'AWAITING_SIGN_IN'""",
        attempt.id,
        authorization.state_hash,
        authorization.browser_hash,
        authorization.nonce,
        authorization.verifier_sealed,
    )
    # Of two visits at once the second finds the address used.
    if bound != 1:
        raise SignInNotKnown
    return authorization.page
