"""Admit a request: find its document, check it, and charge it."""

from dataclasses import replace

from api.documents.reading import Document, digest_of, document_not_found
from api.errors import ErrorCode, RequestError
from api.graphql.context import Context
from api.limits.charge import Charge, check_cost, cost_of_reading, take
from api.transport.request import GraphQLRequest

REFUSED_COST = 1


async def admit(request: GraphQLRequest, context: Context) -> tuple[Document, Context]:
    """Return the document of a request, and the context that holds its charge.

    Raises:
        RequestError: the document cannot be executed, or this caller may not have it executed.
    """
    try:
        document = await _document(request, context)
        document.operation_type(request.operation_name)
        if document.introspects and not context.caller.is_trusted_to_explore:
            raise RequestError(
                ErrorCode.INTROSPECTION_NEEDS_AUTHORIZATION, "Introspection needs an Authorization header."
            )
        cost = document.costs.of(request.operation_name, request.variables)
        check_cost(Charge(cost=cost, max_cost=context.runtime.settings.max_cost), advice="ask for smaller pages")
    except RequestError as refused:
        if refused.code is not ErrorCode.RATE_LIMITED:
            # To be refused is not free either: a caller may try only so often.
            counted = await charged(REFUSED_COST, context)
            refused.extensions = {**refused.extensions, "rateLimit": counted.extensions["rateLimit"]}
        raise
    return document, await charged(cost, context)


async def charged(cost: int, context: Context) -> Context:
    """Take points from the caller's budgets, and return the context that holds the charge.

    Raises:
        RequestError: a budget is used up.
    """
    return replace(
        context, charge=await take(cost, context.runtime.rate_limit, context.caller.budget_names, now=context.now)
    )


async def _document(request: GraphQLRequest, context: Context) -> Document:
    """Find the document, or read it for its price where this caller may send texts."""
    runtime, caller = context.runtime, context.caller
    digest = request.digest if request.query is None else digest_of(request.query)
    assert digest is not None
    is_held_to_registered = runtime.settings.registered_documents_only and not caller.is_trusted_to_explore
    if is_held_to_registered and not runtime.documents.is_registered(digest):
        if request.query is None:
            # Also where the document is known because others sent it: it is not registered.
            raise document_not_found()
        raise RequestError(
            ErrorCode.DOCUMENT_NOT_REGISTERED, "Without an Authorization header only registered documents are executed."
        )
    if is_held_to_registered or request.query is None:
        return runtime.documents.get(digest)
    if not runtime.documents.is_known(digest):
        price = cost_of_reading(request.query)
        max_cost = runtime.settings.max_cost
        await take(price, runtime.rate_limit, caller.budget_names, now=context.now, before=max_cost)
    return runtime.documents.read(request.query)
