"""Build the ASGI application of routes, runtime and schema."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Lifespan

from api.documents.reading import Documents
from api.exports.endpoint import ExportEndpoint
from api.exports.formats import FORMATS
from api.graphql.schema import schema
from api.health import HEALTH_ROUTES
from api.limits.rate_limit import RateLimit
from api.runtime import Clock, Runtime
from api.scim.endpoint import SCIM, ScimEndpoint
from api.transport.fault_boundary import FaultBoundary, ShowFault, fault_as_json
from api.transport.http.endpoint import GraphQLEndpoint
from api.transport.websocket.connection import graphql_websocket
from domain.database.pool import open_database
from domain.jobs import use_queue
from domain.notifications import NotificationListener
from domain.providers.oidc import Issuers
from domain.queue import RedisQueue
from domain.settings import Settings

# How long a thread that scores may keep the interpreter from the event loop, at each of the several turns of a request.
# With the default, 5 ms, others waited 11 times as long as usual beside a large scoring, with this 3 times.
SWITCH_SECONDS = 0.001
GRAPHQL = "/graphql"


def create_app(
    *,
    settings: Settings,
    clock: Clock,
    routes: Sequence[BaseRoute] = (),
    exception_handlers: Mapping[Any, Any] | None = None,
    show_fault: ShowFault = fault_as_json,
    documents: Mapping[str, str] | None = None,
) -> Starlette:
    """Return the application with GraphQL, exports, SCIM, health and further routes; it opens its own runtime at start.

    The documents, by names for people, are registered: everybody may have them executed, by their ids alone.

    Raises:
        DocumentsNotAccepted: one of the documents exceeds a limit or does not fit the schema.
    """
    all_documents = new_documents()
    all_documents.register(documents or {})

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_runtime(settings=settings, clock=clock, documents=all_documents) as runtime:
            app.state.runtime = runtime
            yield

    return build_app(
        settings, routes=routes, exception_handlers=exception_handlers, show_fault=show_fault, lifespan=lifespan
    )


def build_app(
    settings: Settings,
    *,
    routes: Sequence[BaseRoute] = (),
    exception_handlers: Mapping[Any, Any] | None = None,
    show_fault: ShowFault = fault_as_json,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """Return the application; the lifespan, or whoever starts it, sets ``app.state.runtime``."""
    exports_cors = _cors(settings, methods=("GET",), exposed=("Content-Disposition",))
    app = Starlette(
        routes=[
            Route(GRAPHQL, GraphQLEndpoint(), middleware=[_cors(settings, methods=("GET", "POST"))]),
            WebSocketRoute(GRAPHQL, graphql_websocket),
            *(
                Route(f"/exports/skills-report.{form.extension}", ExportEndpoint(form), middleware=[exports_cors])
                for form in FORMATS
            ),
            Route(SCIM, ScimEndpoint()),
            Route(f"{SCIM}/{{path:path}}", ScimEndpoint()),
            *HEALTH_ROUTES,
            *routes,
        ],
        middleware=[Middleware(FaultBoundary, show=show_fault)],
        exception_handlers=dict(exception_handlers or {}),
        lifespan=lifespan,
    )
    # A redirect would lead to the host that the request claims, with the code of a callback.
    app.router.redirect_slashes = False
    return app


def _cors(settings: Settings, *, methods: Sequence[str], exposed: Sequence[str] = ()) -> Middleware:
    # With bearer tokens only: cookies are shared with no other origin.
    return Middleware(
        CORSMiddleware,
        allow_origins=settings.return_origins,
        allow_methods=methods,
        allow_headers=("Authorization",),
        expose_headers=(*exposed, "Retry-After", "X-Request-Id"),
    )


def new_documents() -> Documents:
    """Return the documents of our schema, none of them read yet."""
    return Documents(schema._schema)


@asynccontextmanager
async def open_runtime(*, settings: Settings, clock: Clock, documents: Documents) -> AsyncIterator[Runtime]:
    """Open the database, notifications, issuers, queue and rate limit for as long as the block runs."""
    async with AsyncExitStack() as stack:
        stack.callback(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(SWITCH_SECONDS)
        await stack.enter_async_context(open_database(settings.database_url, pool_size=settings.pool_size))
        notifications = await stack.enter_async_context(NotificationListener(settings.database_url))
        issuers = Issuers(settings=settings)
        stack.push_async_callback(issuers.close)
        queue = RedisQueue(settings.redis_url)
        stack.push_async_callback(queue.close)
        use_queue(queue)
        rate_limit = RateLimit(settings)
        stack.push_async_callback(rate_limit.close)
        yield Runtime(
            settings=settings,
            clock=clock,
            issuers=issuers,
            notifications=notifications,
            rate_limit=rate_limit,
            documents=documents,
        )
