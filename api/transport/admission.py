"""May what a request asks for be executed, and by which document?

Every transport asks here, in the order in which the answers cost more.
"""

from dataclasses import replace

from api.documents.cache import digest_of, document_not_found, is_known_document, known_document, read_document
from api.documents.reading import Document
from api.errors import ErrorCode, RequestError
from api.graphql.context import Context
from api.limits.charge import check_cost, cost_of_reading, take
from api.transport.request import GraphQLRequest

REFUSED_COST = 1


async def admit(asked: GraphQLRequest, context: Context) -> tuple[Document, Context]:
    """Return the document that a caller may have executed, and the context that knows what it costs them.

    Raises:
        RequestError: the document cannot be executed, or this caller may not have it executed.
    """
    try:
        document, cost = await _document_and_cost(asked, context)
    except RequestError as refused:
        if refused.code is not ErrorCode.RATE_LIMITED:
            # To be refused is not free either: a caller may try only so often.
            counted = await charged(REFUSED_COST, context)
            refused.extensions = {**refused.extensions, "rateLimit": counted.extensions["rateLimit"]}
        raise
    return document, await charged(cost, context)


async def charged(cost: int, context: Context) -> Context:
    """Take points from the caller's budgets, and return the context that tells of it.

    Raises:
        RequestError: a budget is used up.
    """
    return replace(
        context, charge=await take(cost, context.runtime.rate_limit, context.caller.budget_names, now=context.now)
    )


async def _document_and_cost(asked: GraphQLRequest, context: Context) -> tuple[Document, int]:
    document = await _document(asked, context)
    document.operation_type(asked.operation_name)
    _check_introspection(document, allowed=context.caller.is_trusted_to_explore)
    cost = document.costs.of(asked.operation_name, asked.variables)
    check_cost(cost, max_cost=context.runtime.settings.max_cost)
    return document, cost


async def _document(asked: GraphQLRequest, context: Context) -> Document:
    """Find the document, or read it where this caller may send texts: that has its price, paid before."""
    is_held_to_registered = context.runtime.settings.registered_documents_only
    if is_held_to_registered and not context.caller.is_trusted_to_explore:
        return _registered_document(asked, context)
    if asked.query is not None:
        if not is_known_document(asked.query):
            await take(
                cost_of_reading(asked.query),
                context.runtime.rate_limit,
                context.caller.budget_names,
                now=context.now,
                before=context.runtime.settings.max_cost,
            )
        return read_document(asked.query)
    assert asked.digest is not None
    return known_document(asked.digest)


def _registered_document(asked: GraphQLRequest, context: Context) -> Document:
    """Find a registered document by its id or its exact text; what others sent before stays unknown."""
    digest = asked.digest if asked.query is None else digest_of(asked.query)
    if digest in context.runtime.registered_documents:
        return known_document(digest)
    if asked.query is None:
        raise document_not_found()
    raise RequestError(
        ErrorCode.DOCUMENT_NOT_REGISTERED, "Without an Authorization header only registered documents are executed."
    )


def _check_introspection(document: Document, *, allowed: bool) -> None:
    if document.introspects and not allowed:
        raise RequestError(ErrorCode.INTROSPECTION_NEEDS_AUTHORIZATION, "Introspection needs an Authorization header.")
