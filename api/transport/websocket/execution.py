"""Execute an operation over a websocket, with one result or many."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution import create_source_event_stream

from api.documents.reading import Document
from api.errors import (
    ErrorCode,
    RequestError,
    fault_payload,
    field_errors,
    log_fault,
    original,
    request_error_payload,
    result_payload,
)
from api.graphql.context import Context
from api.graphql.schema import schema
from api.transport.admission import admit, charged
from api.transport.execute import EXECUTOR, MAX_VARIABLE_ERRORS, check_variables, execute_operation
from api.transport.request import GraphQLRequest
from api.transport.websocket.revocation import Access, AccessEnded
from domain.errors import Refusal

RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Outcome:
    """One response; after a request error there is no other."""

    payload: dict[str, Any]
    is_request_error: bool = False


async def outcomes(request: GraphQLRequest, access: Access, *, request_id: str) -> AsyncGenerator[Outcome, None]:
    """Execute an operation and yield its outcome, or the outcome of each event of a subscription.

    Raises:
        AccessEnded: the caller has no access any more.
    """
    try:
        await access.revalidate()
        context = await access.context()
        document, context = await admit(request, context)
        is_subscription = document.operation_type(request.operation_name) is OperationType.SUBSCRIPTION
        run = (
            _subscribe(document, request, context, access) if is_subscription else _execute(document, request, context)
        )
        async with aclosing(run) as results:
            async for result in results:
                yield Outcome(result_payload(result, request_id=request_id))
    except AccessEnded:
        raise
    except RequestError as error:
        yield Outcome(request_error_payload(error, request_id=request_id), is_request_error=True)
    except Refusal as refusal:
        refused = GraphQLError(refusal.message, original_error=refusal)
        yield Outcome({"errors": field_errors([refused], request_id=request_id)}, is_request_error=True)
    except Exception as fault:
        log_fault(fault, request_id=request_id)
        yield Outcome(fault_payload(request_id=request_id), is_request_error=True)


async def _execute(
    document: Document, request: GraphQLRequest, context: Context
) -> AsyncGenerator[ExecutionResult, None]:
    yield await execute_operation(document, request.operation_name, request.variables, context=context)


async def _subscribe(
    document: Document, request: GraphQLRequest, context: Context, access: Access
) -> AsyncGenerator[ExecutionResult, None]:
    # Each event has a context of its own, so that dataloaders never go stale.
    events = await _source(document, request, context)
    async with aclosing(cast("AsyncGenerator[object, None]", events)) as source:
        async for event in source:
            current = await _charged_event(context.cost, access)
            yield await execute_operation(
                document, request.operation_name, request.variables, context=current, root=event
            )


async def _charged_event(cost: int, access: Access) -> Context:
    """Return the context of an event that is charged.

    Raises:
        AccessEnded: the caller has no access any more.
    """
    # No event may be lost: one for which no points are left waits until there are.
    while True:
        try:
            return await charged(cost, await access.context())
        except RequestError as refused:
            if refused.code is not ErrorCode.RATE_LIMITED:
                raise
        await asyncio.sleep(RETRY_SECONDS)


async def _source(document: Document, request: GraphQLRequest, context: Context) -> AsyncIterable[object]:
    executor = EXECUTOR.build(
        schema._schema,
        document.tree,
        context_value=context,
        raw_variable_values=dict(request.variables or {}),
        operation_name=request.operation_name,
        max_coercion_errors=MAX_VARIABLE_ERRORS,
        hide_suggestions=True,
        operation_extensions=None,
    )
    if isinstance(executor, list):
        raise RequestError(ErrorCode.VARIABLES_INVALID, *executor)
    created = create_source_event_stream(executor)
    source = await created if isawaitable(created) else created
    if isinstance(source, ExecutionResult):
        check_variables(source, context)
        cause = original(source.errors[0]) if source.errors else None
        raise cause or RequestError(ErrorCode.VARIABLES_INVALID, *(source.errors or ()))
    return source
