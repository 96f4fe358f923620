"""Declare mutations, and run each once for its idempotency key."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Annotated, Any, ParamSpec, TypeVar, Union, cast

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import none_if_unset
from api.graphql.refusals import TYPES
from domain.errors import Forbidden, InvalidInput, Refusal, TryAgain
from domain.operations.idempotency import IdempotentRequest, run_idempotent
from domain.rules.idempotency import KEY_LIFETIME, MAX_KEY_LENGTH, IdempotencyKeyReused
from domain.rules.visibility import check_person

Parameters = ParamSpec("Parameters")
Outcome = TypeVar("Outcome")
Resolver = TypeVar("Resolver", bound=Callable[..., Any])

# What every mutation may refuse, whatever it does.
_COMMON_REFUSALS = (Forbidden, IdempotencyKeyReused, InvalidInput, TryAgain)


@strawberry.input(description="What every mutation takes.")
class MutationInput:
    idempotency_key: str | None = strawberry.field(
        default=UNSET,
        description="A name of the caller's own for this request, such as a new UUID: "
        f"1 to {MAX_KEY_LENGTH} printable ASCII characters. The same key and input again within "
        f"{KEY_LIFETIME.total_seconds() / 3600:.0f} hours answer with the stored outcome, and nothing is done twice; "
        "other input is refused. What was refused stored nothing: the key may be tried again.",
    )


def mutation(description: str, *refusals: type[Refusal], input_: str, result: str) -> Callable[[Resolver], Resolver]:
    """Make the decorated function a mutation that returns its success or a refusal that its operation raises."""

    def declare(resolver: Resolver) -> Resolver:
        # Strawberry reads a resolver's annotations, and unions cannot be written down before their members are known.
        annotations = resolver.__annotations__
        name = "".join(map(str.capitalize, resolver.__name__.split("_")))
        members = (annotations["return"], *(TYPES[refusal] for refusal in (*refusals, *_COMMON_REFUSALS)))
        # A refusal is an answer and not an error: clients tell refusals apart by type, whatever their sentences say.
        result_union = strawberry.union(f"{name}Result", description=result)
        union = Annotated[Union[members], result_union]  # type: ignore[valid-type]  # noqa: UP007
        argument = strawberry.argument(name="input", description=input_)
        annotations["input_"] = Annotated[annotations["input_"], argument]
        # Nullable, so that a fault of one mutation leaves the answers of those before it in the same document.
        annotations["return"] = union | None
        return cast("Resolver", strawberry.field(resolver, description=description))

    return declare


async def run_mutation(
    info: Info,
    input_: MutationInput,
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
    # What is stored is the operation's outcome and not the answer: a repeated request may select other fields.
    key = none_if_unset(input_.idempotency_key)
    if key is None:
        return await operation(*arguments, **named)
    context = info.context
    request = IdempotentRequest(
        viewer=check_person(context.viewer),
        key=key,
        mutation=info.field_name,
        # Sorted, so that the same input is the same text also after a release that declares its fields in another
        # order.
        input=json.dumps(input_, default=_json_value, sort_keys=True),
    )
    call = partial(operation, *arguments, **named)
    return await run_idempotent(request, call, now=context.now, settings=context.runtime.settings)


def _json_value(value: object) -> object:
    """Return an input's fields without its key; what is left out is the same as null."""
    if not is_dataclass(value):
        return str(value)
    values = {field.name: none_if_unset(getattr(value, field.name)) for field in fields(value)}
    return {name: value for name, value in values.items() if value is not None and name != "idempotency_key"}
