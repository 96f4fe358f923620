"""How is a refusal of the domain told to clients?

Each kind of refusal is one type of the schema: a member of the unions that can hold it, and one line in the table at
the end of this module. What a resolver raises becomes that member without the resolver's doing.
"""

from datetime import datetime
from typing import Any, TypeVar

import strawberry
from strawberry import ExceptionHandler
from strawberry.types.field import StrawberryField
from typing_extensions import override

from api.graphql.context import Info
from api.graphql.enums import register_enum
from domain import errors
from domain.rules import administration, api_clients, association_limits, idempotency, invitations, sign_in
from domain.rules.enums import DescribedEnum


class RefusalCode(DescribedEnum):
    """Why something was refused; each code belongs to one type of refusal."""

    ALREADY_ASSOCIATED = "ALREADY_ASSOCIATED", "The member has an active association at the provider."
    ALREADY_MEMBER = "ALREADY_MEMBER", "Somebody with the work e-mail is a member, or is invited."
    COOL_OFF_ACTIVE = "COOL_OFF_ACTIVE", "The cool-off since the latest association's start is still running."
    FORBIDDEN = "FORBIDDEN", "The caller may not do this, or is not signed in."
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED", "The idempotency key was used for another request."
    INVALID_INPUT = "INVALID_INPUT", "The input cannot be understood."
    INVITATION_ANSWERED = "INVITATION_ANSWERED", "The invited person has signed in."
    LAST_ADMIN = "LAST_ADMIN", "Nobody active could administer the organization any more."
    NOT_FOUND = "NOT_FOUND", "There is nothing under this id that the caller may see or change."
    PROFILE_INCOMPLETE = "PROFILE_INCOMPLETE", "The learning account has no complete certification profile."
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE", "The learning provider does not answer."
    RESENT_TOO_SOON = "RESENT_TOO_SOON", "The invitation was sent less than a day ago."
    SIGN_IN_DECLINED = "SIGN_IN_DECLINED", "The person, or the provider, canceled the sign-in."
    SIGN_IN_NOT_ACCEPTED = "SIGN_IN_NOT_ACCEPTED", "The provider's answer could not be confirmed."
    TOO_MANY_API_CLIENTS = "TOO_MANY_API_CLIENTS", "The organization has as many API clients as it may have."
    TRY_AGAIN = "TRY_AGAIN", "The service is busy; nothing was done."
    YEARLY_LIMIT_REACHED = "YEARLY_LIMIT_REACHED", "As many associations as a year allows have started within it."


register_enum(RefusalCode)


@strawberry.interface(description="Why something was not done: expected, harmless and explained.")
class Refusal:
    """What every refusal has."""

    code: RefusalCode = strawberry.field(description="Which refusal it is, stable for machines.")
    message: str = strawberry.field(description="A few sentences for people.")


_ENDING = (
    "The last three characters of the account's id if the account's history refuses; null if the member's own does, "
    "whatever the account."
)


@strawberry.type(description="The member has an active association at the provider.")
class AlreadyAssociated(Refusal):
    """R3."""


@strawberry.type(description="Somebody with the work e-mail is a member already, or is invited.")
class AlreadyMember(Refusal):
    """R2."""


@strawberry.type(description="Fewer than the cool-off's days have passed since the latest association started.")
class CoolOffActive(Refusal):
    """R6."""

    next_available_at: datetime = strawberry.field(
        description="The first instant at which an association may start; another account may have another one."
    )
    profile_id_ending: str | None = strawberry.field(description=_ENDING)


@strawberry.type(description="As many associations as a year allows have started within the last 365 days.")
class YearlyLimitReached(Refusal):
    """R6."""

    next_available_at: datetime = strawberry.field(
        description="The first instant at which an association may start; another account may have another one."
    )
    profile_id_ending: str | None = strawberry.field(description=_ENDING)


@strawberry.type(description="The caller may not do this, or is not signed in.")
class Forbidden(Refusal):
    """Nobody, or not the one who may."""


@strawberry.type(
    description="The caller used the idempotency key for another mutation or another input, and it still holds."
)
class IdempotencyKeyReused(Refusal):
    """A key names one request."""


@strawberry.type(description="The input cannot be understood.")
class InvalidInput(Refusal):
    """A value that means nothing here."""


@strawberry.type(description="The invited person has signed in: the invitation can no longer be changed.")
class InvitationAnswered(Refusal):
    """R2."""


@strawberry.type(description="Without this member nobody active could administer the organization.")
class LastAdmin(Refusal):
    """Make another active member an admin first."""


@strawberry.type(description="There is nothing under this id that the caller may see or change.")
class NotFound(Refusal):
    """Unknown, foreign and malformed ids alike."""


@strawberry.type(description="The learning account has no complete certification profile, hence no MCID.")
class ProfileIncomplete(Refusal):
    """R3."""


@strawberry.type(description="The learning provider does not answer, or is not set up.")
class ProviderUnavailable(Refusal):
    """Nothing was changed, and the try does not count."""


@strawberry.type(description="The invitation was sent less than a day ago.")
class ResentTooSoon(Refusal):
    """R2."""

    next_available_at: datetime = strawberry.field(description="The first instant at which it may be sent again.")


@strawberry.type(description="The person, or the learning provider, canceled the sign-in.")
class SignInDeclined(Refusal):
    """Nothing was changed, and the try does not count."""


@strawberry.type(description="The learning provider's answer could not be confirmed.")
class SignInNotAccepted(Refusal):
    """Nothing was changed, and the try does not count."""


@strawberry.type(description="The organization has as many API clients as it may have: revoke one first.")
class TooManyApiClients(Refusal):
    """Revoked ones do not count."""


@strawberry.type(description="The service is busy; nothing was done, and the same request may succeed shortly.")
class TryAgain(Refusal):
    """The database is away, or busy beyond its time limits."""


# The one table: which refusal of the domain is which type of the schema.
TYPES: dict[type[errors.Refusal], type[Refusal]] = {
    administration.LastAdmin: LastAdmin,
    api_clients.TooManyApiClients: TooManyApiClients,
    association_limits.AlreadyAssociated: AlreadyAssociated,
    association_limits.CoolOffActive: CoolOffActive,
    association_limits.YearlyLimitReached: YearlyLimitReached,
    errors.Forbidden: Forbidden,
    errors.InvalidInput: InvalidInput,
    errors.NotFound: NotFound,
    errors.TryAgain: TryAgain,
    idempotency.IdempotencyKeyReused: IdempotencyKeyReused,
    invitations.AlreadyMember: AlreadyMember,
    invitations.InvitationAnswered: InvitationAnswered,
    invitations.ResentTooSoon: ResentTooSoon,
    sign_in.ProfileIncomplete: ProfileIncomplete,
    sign_in.ProviderUnavailable: ProviderUnavailable,
    sign_in.SignInDeclined: SignInDeclined,
    sign_in.SignInNotAccepted: SignInNotAccepted,
}


def refusal_of(refusal: errors.Refusal) -> Refusal:
    """Return the type of the schema that tells a refusal."""
    told: dict[str, Any] = {"code": RefusalCode(refusal.code), "message": refusal.message}
    if isinstance(refusal, association_limits.LimitRefusal | invitations.ResentTooSoon):
        told["next_available_at"] = refusal.next_available_at
    if isinstance(refusal, association_limits.LimitRefusal):
        told["profile_id_ending"] = refusal.account.ending if refusal.account else None
    return TYPES[type(refusal)](**told)


Refused_contra = TypeVar("Refused_contra", bound=errors.Refusal, contravariant=True)


class RefusalHandler(ExceptionHandler[Refused_contra, Any]):
    """Turns one kind of refusal into its type, in the fields whose union has it, and in no others."""

    def __init__(self, refused: type[errors.Refusal], kind: type[Refusal]) -> None:
        self.exception_type = refused
        self.error_type = kind

    @override
    def handle(self, exception: Refused_contra, *, field: StrawberryField, info: Info) -> Refusal:
        """Return the union's member."""
        return refusal_of(exception)


REFUSAL_HANDLERS: list[ExceptionHandler[Any]] = [RefusalHandler(refused, kind) for refused, kind in TYPES.items()]
