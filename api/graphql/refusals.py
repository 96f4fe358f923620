"""Refusals of the domain as types of the schema."""

from datetime import datetime
from typing import Any, TypeVar

import strawberry
from strawberry import ExceptionHandler
from strawberry.types.field import StrawberryField
from typing_extensions import override

from api.graphql.context import Info
from api.graphql.enums import first_paragraph, register_enum
from domain import errors
from domain.rules.administration import LastAdmin
from domain.rules.api_clients import TooManyApiClients
from domain.rules.association_limits import AlreadyAssociated, CoolOffActive, LimitRefusal, YearlyLimitReached
from domain.rules.enums import DescribedEnum
from domain.rules.idempotency import IdempotencyKeyReused
from domain.rules.invitations import AlreadyMember, InvitationAnswered, ResentTooSoon
from domain.rules.sign_in import (
    BoundElsewhere,
    ProfileIncomplete,
    ProviderUnavailable,
    SignInDeclined,
    SignInNotAccepted,
)

# What clients can meet, by code. Other refusals are met by browsers or the command line alone.
_REFUSALS: tuple[type[errors.Refusal], ...] = (
    AlreadyAssociated,
    AlreadyMember,
    BoundElsewhere,
    CoolOffActive,
    errors.Forbidden,
    IdempotencyKeyReused,
    errors.InvalidInput,
    InvitationAnswered,
    LastAdmin,
    errors.NotFound,
    ProfileIncomplete,
    ProviderUnavailable,
    ResentTooSoon,
    SignInDeclined,
    SignInNotAccepted,
    TooManyApiClients,
    errors.TryAgain,
    YearlyLimitReached,
)


class RefusalCode(DescribedEnum):
    """Why something was refused; each code belongs to one type of refusal."""

    # Made from the classes, so that no refusal can lack its code; descriptions stand beside the classes.
    vars().update({refusal.code: (refusal.code, first_paragraph(refusal)) for refusal in _REFUSALS})


register_enum(RefusalCode)


@strawberry.interface(description="Why something was not done: expected, harmless and explained.")
class Refusal:
    code: RefusalCode = strawberry.field(description="Which refusal it is, stable for machines.")
    message: str = strawberry.field(description="A few sentences for people.")


@strawberry.type
class _Limit(Refusal):
    next_available_at: datetime = strawberry.field(
        description="The first instant at which an association may start; another account may have another one."
    )
    profile_id_ending: str | None = strawberry.field(
        description="The last three characters of the account's id if the account's history refuses; null if the "
        "member's own does, whatever the account."
    )


@strawberry.type
class _Resent(Refusal):
    next_available_at: datetime = strawberry.field(description="The first instant at which it may be sent again.")


_BASES = {CoolOffActive: _Limit, YearlyLimitReached: _Limit, ResentTooSoon: _Resent}

TYPES: dict[type[errors.Refusal], type[Refusal]] = {
    refusal: strawberry.type(
        type(refusal.__name__, (_BASES.get(refusal, Refusal),), {"__module__": __name__}),
        description=first_paragraph(refusal),
    )
    for refusal in _REFUSALS
}


def refusal_of(refusal: errors.Refusal) -> Refusal:
    values: dict[str, Any] = {"code": RefusalCode(refusal.code), "message": refusal.message}
    if isinstance(refusal, LimitRefusal | ResentTooSoon):
        values["next_available_at"] = refusal.next_available_at
    if isinstance(refusal, LimitRefusal):
        values["profile_id_ending"] = refusal.account.ending if refusal.account else None
    return TYPES[type(refusal)](**values)


Refused_contra = TypeVar("Refused_contra", bound=errors.Refusal, contravariant=True)


class RefusalHandler(ExceptionHandler[Refused_contra, Any]):
    """Return a refusal that a resolver raises as a member of its field's union, where the union has its type."""

    def __init__(self, refused: type[errors.Refusal], kind: type[Refusal]) -> None:
        self.exception_type = refused
        self.error_type = kind

    @override
    def handle(self, exception: Refused_contra, *, field: StrawberryField, info: Info) -> Refusal:
        return refusal_of(exception)


# Resolvers hold no `try`: a refusal that an operation raises becomes a member of the result by itself.
REFUSAL_HANDLERS: list[ExceptionHandler[Any]] = [RefusalHandler(refused, kind) for refused, kind in TYPES.items()]
