"""How does a mutation run once, however often it is sent?

Every input takes a key. With it the operation's outcome is stored, and an answer to a repeated request is packed from
that outcome with the fields that the repeated request selects.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from functools import partial
from typing import ParamSpec, TypeAlias, TypeVar

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.pagination.arguments import none_if_unset
from api.graphql.refusals import Forbidden, IdempotencyKeyReused, InvalidInput, TryAgain
from domain.operations.idempotency import IdempotentRequest, run_idempotent
from domain.rules.idempotency import KEY_LIFETIME, MAX_KEY_LENGTH
from domain.rules.visibility import check_person

Parameters = ParamSpec("Parameters")
Outcome = TypeVar("Outcome")

# What every mutation may refuse, whatever it does.
AnyRefusal: TypeAlias = Forbidden | IdempotencyKeyReused | InvalidInput | TryAgain


@strawberry.input(description="What every mutation takes.")
class MutationInput:
    """What every input begins with."""

    idempotency_key: str | None = strawberry.field(
        default=UNSET,
        description="A name of the caller's own for this request, such as a new UUID: "
        f"1 to {MAX_KEY_LENGTH} printable ASCII characters. The same key and input again within "
        f"{KEY_LIFETIME.total_seconds() / 3600:.0f} hours answer with the stored outcome, and nothing is done twice; "
        "other input is refused. What was refused stored nothing: the key may be tried again.",
    )


async def run_once(
    info: Info,
    wanted: MutationInput,
    operation: Callable[Parameters, Awaitable[Outcome]],
    /,
    *arguments: Parameters.args,
    **named: Parameters.kwargs,
) -> Outcome:
    """Run an operation for a mutation's input, or return the outcome that is stored for its key.

    Raises:
        Forbidden: an input with a key is not a person's.
        InvalidInput: the key cannot be one.
        IdempotencyKeyReused: the key was used for another mutation or another input.
        TryAgain: the first request with the key takes too long.
    """
    key = none_if_unset(wanted.idempotency_key)
    if key is None:
        return await operation(*arguments, **named)
    context = info.context
    request = IdempotentRequest(
        viewer=check_person(context.viewer),
        key=key,
        mutation=info.field_name,
        input=json.dumps(wanted, default=_plain, sort_keys=True),
    )
    mutation_call = partial(operation, *arguments, **named)
    return await run_idempotent(request, mutation_call, now=context.now, settings=context.runtime.settings)


def _plain(value: object) -> object:
    """Return an input's fields without its key; what is left out is the same as null."""
    if not is_dataclass(value):
        return str(value)
    told = {
        each.name: none_if_unset(getattr(value, each.name)) for each in fields(value) if each.name != "idempotency_key"
    }
    return {name: each for name, each in told.items() if each is not None}
