"""HTTP endpoint of SCIM 2.0, by which an organization's directory provisions its people."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError
from scim2_models import Error, ListResponse, NotImplementedException, SCIMException
from scim2_server.errors import MethodNotAllowedException
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import SCIM_MEDIA_TYPE
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.auth.authentication import nobody, not_authenticated
from api.errors import (
    FAULT_SENTENCE,
    ErrorCode,
    RequestError,
    request_id_of,
    status_of,
)
from api.limits.charge import take
from api.limits.rate_limit import BudgetNames
from api.runtime import Runtime, runtime_of
from api.scim.resources import EnterpriseUser, User
from api.scim.service import SERVICE
from api.scim.storage import DirectoryStorage
from api.transport.json_body import parse_json
from api.transport.request import read_body
from domain.errors import Refusal, TryAgain
from domain.faults import describe_fault
from domain.operations.scim_tokens import touch_scim_token
from domain.queries.directory import scim_token
from domain.rules.administration import Directory
from domain.rules.directory import DirectoryUserChanged

SCIM = "/scim/v2"
HEADERS = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Content-Type-Options": "nosniff"}
# In points: 25 requests a second, which Entra sends at most, take a seventh of a caller's budget.
REQUEST_COST = 10
REFUSED_COST = 1
# Requests without If-Match that change one user at once follow each other.
TRIES = 5
# Statuses and SCIM's types of the domain's refusals; all others have the status that they have everywhere.
REFUSALS: Mapping[str, tuple[int, str | None]] = {
    "ALREADY_MEMBER": (409, "uniqueness"),
    "DIRECTORY_USER_EXISTS": (409, "uniqueness"),
    "DIRECTORY_USER_CHANGED": (412, None),
    "INVALID_INPUT": (400, "invalidValue"),
    # "Not compatible with the current state" (RFC 7644, table 9). A directory takes 409 for a user that it may adopt.
    "LAST_ADMIN": (400, "mutability"),
}

log = structlog.get_logger("certlink.scim")


class ScimEndpoint:
    """ASGI application that answers every method itself, in SCIM's own shape."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await respond(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)


async def respond(request: Request) -> Response:
    """Return the response to a request; also a refusal or a fault has SCIM's shape."""
    request_id = request_id_of(request)
    headers: Mapping[str, str] = {}
    try:
        return await _answer(request, request_id)
    except SCIMException as refused:
        error = refused.to_error()
        if isinstance(refused.__cause__, ValidationError):
            error.detail = _sentence(refused.__cause__)
        if isinstance(refused, MethodNotAllowedException):
            headers = {"Allow": ", ".join(refused.allowed)}
    except RequestError as refused:
        scim_type = "invalidSyntax" if refused.code is ErrorCode.BAD_REQUEST else None
        error = Error(status=status_of(refused.code), scim_type=scim_type, detail=refused.errors[0].message)
        headers = refused.headers
    except Refusal as refused:
        status, scim_type = REFUSALS.get(refused.code, (status_of(refused.code), None))
        error = Error(status=status, scim_type=scim_type, detail=refused.message)
        headers = {"Retry-After": "5"} if status == 503 else {}
    except Exception as fault:
        log.error("scim_fault", request_id=request_id, **describe_fault(fault))
        error = Error(status=500, detail=f"{FAULT_SENTENCE} {request_id}")
    log.info("scim_request_refused", status=error.status, scim_type=error.scim_type, request_id=request_id)
    return _response(error.status or 500, error.model_dump(), headers, request_id)


async def _answer(request: Request, request_id: str) -> Response:
    runtime = runtime_of(request)
    now = runtime.clock()
    directory = await _directory(request, runtime, now)
    body = await read_body(request)
    if body:
        SERVICE.ensure_json(request.headers.get("content-type"))
        # Checked as everywhere: its size, its nesting, and that no key comes twice.
        parse_json(body)
    scim_request = ScimRequest(
        method=request.method,
        # Not the host that the request claims.
        base_url=runtime.settings.public_url + SCIM,
        path="/" + request.path_params.get("path", ""),
        query=dict(request.query_params),
        headers=request.headers.items(),
        body=body,
    )
    if scim_request.path.split("/")[1].lower() == "groups":
        return _response(200, _no_groups(scim_request), {}, request_id)
    storage = DirectoryStorage(directory=directory, now=now, settings=runtime.settings)
    handler = AsyncScimHandler(SERVICE, storage)
    for _ in range(TRIES):
        try:
            answer = await handler.handle(scim_request)
        except DirectoryUserChanged:
            # Without a condition the change applies to whatever the user is now.
            if "if-match" in request.headers:
                raise
        else:
            return _response(int(answer.status), answer.body, answer.headers, request_id)
    raise TryAgain


async def _directory(request: Request, runtime: Runtime, now: datetime) -> Directory:
    """Return the directory whose token the request has, and take its points.

    Raises:
        RequestError: it has no valid token, or its points are used up.
    """
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    token = await scim_token(text.strip(), now=now) if scheme.lower() == "bearer" else None
    if token is None:
        await take(REFUSED_COST, runtime.rate_limit, nobody(request).budget_names, now=now)
        raise not_authenticated("Send Bearer and a token of the directory that is neither expired nor revoked.")
    organization_id = token.organization_id
    names = BudgetNames(f"directory:{organization_id}", f"organization:{organization_id}")
    await take(REQUEST_COST, runtime.rate_limit, names, now=now)
    await touch_scim_token(token, now=now)
    return token.directory


def _no_groups(request: ScimRequest) -> dict[str, Any]:
    """Return an empty list of groups: Okta reads it even where no groups are provisioned.

    Raises:
        NotImplementedException: the request wants another thing of groups.
    """
    if request.method != "GET" or request.path.strip("/").lower() != "groups":
        raise NotImplementedException(detail="Groups are not supported: provision users only.")
    return ListResponse[User[EnterpriseUser]](
        total_results=0, items_per_page=0, start_index=1, resources=[]
    ).model_dump()


def _sentence(invalid: ValidationError) -> str:
    """Say what cannot be read, without the text and the address that belong to the library of the types."""
    first = invalid.errors(include_url=False)[0]
    detail = Error.from_validation_error(first).detail or ""
    if first["type"].startswith("scim_"):
        return detail
    path = detail.removeprefix(first["msg"]).removeprefix(": ")
    return f"{path} has no value of its type." if path else "The request is not in the form that SCIM gives it."


def _response(status: int, body: dict[str, Any] | None, headers: Mapping[str, str], request_id: str) -> Response:
    headers = {**HEADERS, "X-Request-Id": request_id, **headers, "Content-Type": SCIM_MEDIA_TYPE}
    if body is None:
        del headers["Content-Type"]
        return Response(status_code=status, headers=headers)
    return Response(json.dumps(body, separators=(",", ":"), allow_nan=False), status_code=status, headers=headers)
