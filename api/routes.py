"""Routes of the API, with CORS."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from api.exports.endpoint import ExportEndpoint
from api.exports.formats import FORMATS
from api.health import HEALTH_ROUTES
from api.scim.endpoint import SCIM, ScimEndpoint
from api.transport.http.endpoint import GraphQLEndpoint
from api.transport.websocket.endpoint import graphql_websocket
from domain.settings import Settings

GRAPHQL = "/graphql"


def api_routes(settings: Settings) -> list[BaseRoute]:
    """Return the routes of GraphQL over HTTP and websockets, of the exports, of SCIM and of health."""
    graphql = _cors(settings, methods=("GET", "POST"), exposed=("Retry-After", "X-Request-Id"))
    exports = _cors(settings, methods=("GET",), exposed=("Content-Disposition", "Retry-After", "X-Request-Id"))
    return [
        Route(GRAPHQL, GraphQLEndpoint(), middleware=[graphql]),
        WebSocketRoute(GRAPHQL, graphql_websocket),
        *(
            Route(f"/exports/skills-report.{form.extension}", ExportEndpoint(form), middleware=[exports])
            for form in FORMATS
        ),
        Route(SCIM, ScimEndpoint()),
        Route(f"{SCIM}/{{path:path}}", ScimEndpoint()),
        *HEALTH_ROUTES,
    ]


def _cors(settings: Settings, *, methods: Sequence[str], exposed: Sequence[str]) -> Middleware:
    # With bearer tokens only: cookies are shared with no other origin.
    return Middleware(
        CORSMiddleware,
        allow_origins=settings.return_origins,
        allow_methods=methods,
        allow_headers=("Authorization",),
        expose_headers=exposed,
    )
