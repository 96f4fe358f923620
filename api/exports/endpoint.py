"""How is the skills report served as a file at /exports/skills-report.csv and .ndjson?"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from api.authentication import NotAuthenticated, caller_of_request, nobody
from api.callers import Caller
from api.cookies import SESSION, read_cookie
from api.errors import ErrorCode, RequestError, fault_payload, new_request_id, request_error_payload
from api.exports.formats import FORMATS, Format
from api.exports.parameters import read_parameters
from api.exports.pieces import pieces
from api.exports.streaming import ExportBroken, Outgoing
from api.http.statuses import STATUSES
from api.limits.charge import take
from api.limits.cost_table import EXPORT_COST
from api.origin import is_same_origin
from api.runtime import Runtime, runtime_of
from domain.errors import Forbidden, Refusal
from domain.queries.skills_report import open_skills_report
from domain.rules.visibility import Viewer
from domain.rules.words import Scope as ClientScope
from domain.settings import Settings

HEADERS = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie", "X-Content-Type-Options": "nosniff"}
_REFUSAL_STATUSES = {"FORBIDDEN": 403, "INVALID_INPUT": 400, "PROVIDER_UNAVAILABLE": 503, "TRY_AGAIN": 503}


def export_routes(settings: Settings) -> list[BaseRoute]:
    """Return the routes of all exports; front-ends at the configured origins may call them with bearer tokens."""
    front_ends = Middleware(
        CORSMiddleware,
        allow_origins=settings.return_origins,
        allow_methods=("GET",),
        allow_headers=("Authorization",),
        expose_headers=("Content-Disposition", "Retry-After", "X-Request-Id"),
    )
    places = Places(max(1, settings.pool_size // 2))
    return [
        Route(f"/exports/skills-report.{form.extension}", ExportEndpoint(form, places), middleware=[front_ends])
        for form in FORMATS
    ]


class Places:
    """How many exports may run in a process at once: each holds a connection that others need too."""

    def __init__(self, free: int) -> None:
        self._free = free

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place while the block runs.

        Raises:
            RequestError: all are taken.
        """
        if not self._free:
            raise RequestError(
                ErrorCode.TRY_AGAIN, "Many exports are running; please try again shortly.", headers={"Retry-After": "5"}
            )
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class ExportEndpoint:
    """The ASGI application behind one address; it answers every method itself."""

    def __init__(self, form: Format, places: Places) -> None:
        self._form = form
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or say in JSON why there is none."""
        request_id = new_request_id()
        outgoing = Outgoing(receive, send)
        try:
            await self._send_file(Request(scope, receive), request_id, outgoing)
        except Exception as error:
            if outgoing.has_begun:
                fault_payload(error, request_id=request_id)
                raise ExportBroken(request_id) from None
            await _told(error, request_id)(scope, receive, send)

    async def _send_file(self, request: Request, request_id: str, outgoing: Outgoing) -> None:
        runtime = runtime_of(request)
        now = runtime.clock()
        _check_wire(request, runtime)
        caller, viewer = await _caller(request, runtime, now)
        matching, as_of = read_parameters(request.query_params, now=now)
        if not viewer.may(ClientScope.REPORT_READ):
            raise Forbidden("Only admins and API clients with the scope report:read export a skills report.")
        with self._places.taken():
            await take(EXPORT_COST, runtime, caller, now=now)
            async with open_skills_report(viewer.organization_id, matching=matching, as_of=as_of) as report:
                headers = {**HEADERS, **_file_headers(self._form, as_of), "X-Request-Id": request_id}
                await outgoing.send_file(pieces(report, self._form), headers)


def file_name(form: Format, as_of: datetime) -> str:
    """Return the name under which a report as of an instant (aware) is kept."""
    return f"skills-report-{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}.{form.extension}"


def _file_headers(form: Format, as_of: datetime) -> dict[str, str]:
    return {
        "Content-Type": form.media_type,
        "Content-Disposition": f'attachment; filename="{file_name(form, as_of)}"',
    }


def _check_wire(request: Request, runtime: Runtime) -> None:
    if request.method != "GET":
        raise RequestError(ErrorCode.METHOD_NOT_ALLOWED, "Use GET.", headers={"Allow": "GET"})
    if request.scope.get("http_version") == "1.0":
        # There the end of a file is the end of the connection: a part would look whole.
        raise RequestError(
            ErrorCode.HTTP_VERSION_NOT_SUPPORTED, "An export needs HTTP/1.1.", headers={"Upgrade": "HTTP/1.1"}
        )
    has_cookie = read_cookie(request, SESSION, runtime.settings) is not None
    if has_cookie and "authorization" not in request.headers and not is_same_origin(request, runtime.settings):
        raise RequestError(
            ErrorCode.CROSS_SITE_REQUEST, "A session's cookie counts only for requests of our own pages."
        )


async def _caller(request: Request, runtime: Runtime, now: datetime) -> tuple[Caller, Viewer]:
    try:
        caller = await caller_of_request(request, runtime, now=now)
    except NotAuthenticated:
        caller = nobody(request)
    if caller.viewer is None:
        raise RequestError(
            ErrorCode.NOT_AUTHENTICATED,
            "Sign in, or send an Authorization header that stands for an active member or an API client.",
            headers={"WWW-Authenticate": 'Bearer realm="certlink"'},
        )
    return caller, caller.viewer


def _told(error: Exception, request_id: str) -> Response:
    """Return in JSON why there is no file."""
    if isinstance(error, RequestError):
        payload, status = request_error_payload(error, request_id=request_id), STATUSES[error.code]
        headers = error.headers
    elif isinstance(error, Refusal) and error.code in _REFUSAL_STATUSES:
        payload = {"errors": [{"message": error.message, "extensions": {"code": error.code}}]}
        status, headers = _REFUSAL_STATUSES[error.code], {}
    else:
        payload, status, headers = fault_payload(error, request_id=request_id), 500, {}
    if status == 503:
        headers = {"Retry-After": "5", **headers}
    return JSONResponse(payload, status_code=status, headers={**HEADERS, "X-Request-Id": request_id, **headers})
