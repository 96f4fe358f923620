"""HTTP endpoint of the skills report as a file."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from api.auth.authentication import NotAuthenticated, caller_of_request, nobody, not_authenticated
from api.auth.csrf import check_origin_of_cookie
from api.documents.cost_table import EXPORT_COST
from api.errors import (
    ErrorCode,
    RequestError,
    fault_payload,
    log_fault,
    request_error_payload,
    request_id_of,
    status_of,
)
from api.exports.formats import Format
from api.exports.parameters import read_parameters
from api.exports.streaming import FileResponseStream, chunks
from api.limits.charge import take
from api.limits.concurrency import LimitReached
from api.runtime import Runtime, runtime_of
from domain.errors import Forbidden, Refusal
from domain.queries.skills_report import open_skills_report
from domain.rules.enums import Scope as ClientScope
from domain.rules.visibility import Viewer

HEADERS = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie", "X-Content-Type-Options": "nosniff"}


class ExportEndpoint:
    """The ASGI application behind the address of one format; it answers every method itself."""

    def __init__(self, form: Format) -> None:
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = request_id_of(request)
        stream = FileResponseStream(receive, send)
        try:
            await self._send_file(request, request_id, stream)
        except Exception as error:
            if stream.has_begun:
                # The fault boundary passes it on to the server, which cuts the connection.
                raise
            if isinstance(error, RequestError):
                payload, status = request_error_payload(error, request_id=request_id), status_of(error.code)
                headers = error.headers
            elif isinstance(error, Refusal):
                payload = {"errors": [{"message": error.message, "extensions": {"code": error.code}}]}
                status, headers = status_of(error.code), {}
            else:
                log_fault(error, request_id=request_id)
                payload, status, headers = fault_payload(request_id=request_id), 500, {}
            if status == 503:
                headers = {"Retry-After": "5", **headers}
            headers = {**HEADERS, "X-Request-Id": request_id, **headers}
            await JSONResponse(payload, status_code=status, headers=headers)(scope, receive, send)

    async def _send_file(self, request: Request, request_id: str, stream: FileResponseStream) -> None:
        runtime = runtime_of(request)
        now = runtime.clock()
        if request.method != "GET":
            raise RequestError(ErrorCode.METHOD_NOT_ALLOWED, "Use GET.", headers={"Allow": "GET"})
        if request.scope.get("http_version") == "1.0":
            # There the end of a file is the end of the connection: a part would look whole.
            raise RequestError(
                ErrorCode.HTTP_VERSION_NOT_SUPPORTED, "An export needs HTTP/1.1.", headers={"Upgrade": "HTTP/1.1"}
            )
        check_origin_of_cookie(request, runtime.settings)
        try:
            caller = await caller_of_request(request, runtime, now=now)
        except NotAuthenticated:
            caller = nobody(request)
        viewer = caller.viewer
        if viewer is None:
            raise not_authenticated(
                "Sign in, or send an Authorization header that stands for an active member or an API client."
            )
        report_filter, as_of = read_parameters(request.query_params, now=now)
        if not viewer.may(ClientScope.REPORT_READ):
            raise Forbidden("Only admins and API clients with the scope report:read export a skills report.")
        with _slot(runtime, viewer):
            await take(EXPORT_COST, runtime.rate_limit, caller.budget_names, now=now)
            run = partial(runtime.scoring_slots.run, viewer.organization_id)
            async with open_skills_report(
                viewer.organization_id, matching=report_filter, as_of=as_of, run_in_thread=run
            ) as report:
                name = f"skills-report-{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}.{self._form.extension}"
                headers = {
                    **HEADERS,
                    "Content-Type": self._form.media_type,
                    "Content-Disposition": f'attachment; filename="{name}"',
                    "X-Request-Id": request_id,
                }
                await stream.send_file(chunks(report, self._form), headers)


@contextmanager
def _slot(runtime: Runtime, viewer: Viewer) -> Iterator[None]:
    # An export holds a database connection that others need too. No organization takes the last slot: its clients, if
    # they do not read, would keep everybody else's files away.
    most = max(1, runtime.settings.pool_size // 2)
    with ExitStack() as acquired:
        try:
            acquired.callback(runtime.exports.acquire("everybody", limit=most))
            own = f"organization:{viewer.organization_id}"
            acquired.callback(runtime.exports.acquire(own, limit=max(1, most - 1)))
        except LimitReached:
            raise RequestError(
                ErrorCode.TRY_AGAIN, "Many exports are running; please try again shortly.", headers={"Retry-After": "5"}
            ) from None
        yield
