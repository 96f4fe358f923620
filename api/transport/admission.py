"""Admit a request: find its document, check it, and charge it.

The cheapest check comes first, for HTTP and websockets alike.
"""

from dataclasses import replace

from api.documents.cache import digest_of, document_not_found, is_known_document, known_document, read_document
from api.documents.reading import Document
from api.errors import ErrorCode, RequestError
from api.graphql.context import Context
from api.limits.charge import check_cost, cost_of_reading, take
from api.transport.request import GraphQLRequest

REFUSED_COST = 1


async def admit(request: GraphQLRequest, context: Context) -> tuple[Document, Context]:
    """Return the document of a request, and the context that holds its charge.

    Raises:
        RequestError: the document cannot be executed, or this caller may not have it executed.
    """
    try:
        document, cost = await _document_and_cost(request, context)
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


async def _document_and_cost(request: GraphQLRequest, context: Context) -> tuple[Document, int]:
    document = await _document(request, context)
    document.operation_type(request.operation_name)
    if document.introspects and not context.caller.is_trusted_to_explore:
        raise RequestError(ErrorCode.INTROSPECTION_NEEDS_AUTHORIZATION, "Introspection needs an Authorization header.")
    cost = document.costs.of(request.operation_name, request.variables)
    check_cost(cost, max_cost=context.runtime.settings.max_cost)
    return document, cost


async def _document(request: GraphQLRequest, context: Context) -> Document:
    """Find the document, or read it for its price where this caller may send texts."""
    is_held_to_registered = context.runtime.settings.registered_documents_only
    if is_held_to_registered and not context.caller.is_trusted_to_explore:
        return _registered_document(request, context)
    if request.query is not None:
        if not is_known_document(request.query):
            await take(
                cost_of_reading(request.query),
                context.runtime.rate_limit,
                context.caller.budget_names,
                now=context.now,
                before=context.runtime.settings.max_cost,
            )
        return read_document(request.query)
    assert request.digest is not None
    return known_document(request.digest)


def _registered_document(request: GraphQLRequest, context: Context) -> Document:
    """Find a registered document by its id or its exact text, and no document that others sent before."""
    digest = request.digest if request.query is None else digest_of(request.query)
    if digest in context.runtime.registered_documents:
        return known_document(digest)
    if request.query is None:
        raise document_not_found()
    raise RequestError(
        ErrorCode.DOCUMENT_NOT_REGISTERED, "Without an Authorization header only registered documents are executed."
    )
