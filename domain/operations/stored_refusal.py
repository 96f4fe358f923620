"""How is a refusal that is part of an outcome written as JSON and read again?"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from domain.errors import Forbidden, InvalidInput, Refusal
from domain.rules.invitations import AlreadyMember

_KINDS: dict[str, Callable[[str], Refusal]] = {
    AlreadyMember.code: lambda _: AlreadyMember(),
    Forbidden.code: Forbidden,
    InvalidInput.code: InvalidInput,
}


def _written(refusal: Refusal) -> dict[str, str]:
    return {"code": refusal.code, "message": refusal.message}


def _read(written: Any) -> Refusal:
    return _KINDS[written["code"]](written["message"])


# One of the refusals that an address to invite can meet.
StoredRefusal = Annotated[Refusal, PlainValidator(_read), PlainSerializer(_written)]
