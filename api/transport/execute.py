"""Execute a document for a caller."""

import asyncio
from collections.abc import AsyncIterable, Mapping
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, OperationType, execute
from graphql.execution import Executor, create_source_event_stream
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.auth.callers import Caller
from api.documents.reading import Document
from api.errors import ErrorCode, RequestError, field_errors, original
from api.graphql.context import Context
from api.runtime import Runtime
from api.transport.request import GraphQLRequest
from domain.errors import Refusal
from domain.rules.visibility import Viewer

DEADLINE_SECONDS = 10.0
MAX_VARIABLE_ERRORS = 5
_EXECUTOR: type[Executor[Any]] = StrawberryGraphQLCoreExecutionContext


class DocumentFailed(Exception):
    """One of our own documents failed; the log has the faults."""


async def execute_document(
    document: str, variables: Mapping[str, Any], *, viewer: Viewer | None, runtime: Runtime, request_id: str
) -> dict[str, Any]:
    """Execute one of our own pages' documents with the caller's rights and return its data.

    Raises:
        Refusal: a field was refused, for example ``TryAgain`` where the database is away.
        DocumentFailed: the document or its variables are wrong, or a field failed by a fault of ours.
    """
    caller = Caller(viewer=viewer, is_trusted_to_explore=False)
    context = Context(runtime=runtime, caller=caller, now=runtime.clock())
    try:
        request = GraphQLRequest(query=document, variables=variables)
        result = await execute_operation(runtime.documents.read(document), request, context=context)
    except RequestError as error:
        raise DocumentFailed([part.message for part in error.errors]) from None
    for failure in result.errors or ():
        cause = original(failure)
        if isinstance(cause, Refusal):
            raise cause
    if result.errors or result.data is None:
        raise DocumentFailed(field_errors(result.errors or (), request_id=request_id))
    return result.data


async def execute_operation(
    document: Document, request: GraphQLRequest, *, context: Context, root: object = None
) -> ExecutionResult:
    """Execute a document's operation: a query, a mutation, or one event of a subscription.

    Raises:
        RequestError: the variables do not fit, or the operation takes longer than its deadline, or a query turns out to
            cost more than it may. Of a mutation and an event only the field is refused, since they have had an effect.
    """
    kind = document.operation_type(request.operation_name)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            answer = execute(
                document.schema,
                document.tree,
                root_value=root,
                context_value=context,
                variable_values=dict(request.variables or {}),
                operation_name=request.operation_name,
                max_coercion_errors=MAX_VARIABLE_ERRORS,
                executor_class=_EXECUTOR,
                is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
                hide_suggestions=True,
                operation_extensions=None,
            )
            result = answer if isinstance(answer, ExecutionResult) else await answer
    except TimeoutError:
        sentence = f"This operation took longer than {DEADLINE_SECONDS:.0f} seconds."
        if kind is OperationType.MUTATION:
            # What is cut off is rolled back, but a field before it was done, and a commit may have arrived.
            sentence += " What it was to change may be changed or not: look, or repeat it with the same idempotencyKey."
        raise RequestError(ErrorCode.DEADLINE_EXCEEDED, sentence, extensions=context.extensions) from None
    if context.refused is not None and kind is OperationType.QUERY:
        raise context.refused
    _check_variables(result, context)
    result.extensions = context.extensions
    return result


async def subscribe(document: Document, request: GraphQLRequest, *, context: Context) -> AsyncIterable[object]:
    """Return the events of a subscription, each to be executed as the root of its operation.

    Raises:
        RequestError: the variables do not fit.
        Refusal: the subscription is refused.
    """
    executor = _EXECUTOR.build(
        document.schema,
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
    events = await created if isawaitable(created) else created
    if isinstance(events, ExecutionResult):
        _check_variables(events, context)
        cause = original(events.errors[0]) if events.errors else None
        raise cause or RequestError(ErrorCode.VARIABLES_INVALID, *(events.errors or ()))
    return events


def _check_variables(result: ExecutionResult, context: Context) -> None:
    # An error without a path is about the request and not about a field: nothing was executed.
    wrong = [error for error in result.errors or () if error.path is None]
    if result.data is None and wrong:
        raise RequestError(ErrorCode.VARIABLES_INVALID, *wrong, extensions=context.extensions)
