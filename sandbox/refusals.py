"""Refusals, and how they are answered."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Refusal(Exception):
    """The request is answered with an error status and one JSON object."""

    def __init__(self, status: int, error: str, description: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description
        self.headers = dict(headers or {})


class SandboxModeRequired(RuntimeError):
    """The sandbox does not start outside sandbox mode."""

    def __init__(self) -> None:
        super().__init__("The sandbox starts only in sandbox mode: set CERTLINK_SANDBOX=true, and never in production.")


class DataFolderUnusable(RuntimeError):
    """The data folder cannot be made, read or written."""


def refuse_with_json(request: Request, refusal: Exception) -> Response:
    """Answer a refusal as JSON, in OAuth's shape."""
    assert isinstance(refusal, Refusal)
    body = {"error": refusal.error, "error_description": refusal.description}
    return JSONResponse(body, refusal.status, {"Cache-Control": "no-store", **refusal.headers})


def refuse_unroutable(request: Request, refusal: Exception) -> Response:
    """Answer an unknown path or a wrong method as JSON."""
    assert isinstance(refusal, HTTPException)
    error = {404: "not_found", 405: "method_not_allowed"}.get(refusal.status_code, "invalid_request")
    description = {404: "The sandbox has nothing at this path.", 405: "This path wants another method."}.get(
        refusal.status_code, "The request cannot be read."
    )
    return JSONResponse({"error": error, "error_description": description}, refusal.status_code, refusal.headers)
