"""Endpoints that change a learning account: earn, renew, revoke, withdraw."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.personas import LearningPersona
from sandbox.reading import read_json_object
from sandbox.refusals import Refusal
from sandbox.state import State

CODE_LIMIT = 100


class LearningControls:
    """The endpoints that change a learning persona."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def show_completions(self, request: Request) -> Response:
        return JSONResponse(self._state.transcripts.rows(self._persona(request)))

    async def earn(self, request: Request) -> Response:
        persona, body = self._persona(request), await _body(request, {"expires"})
        expires = body.get("expires", True)
        if not isinstance(expires, bool):
            raise Refusal(400, "invalid_request", "expires must be true or false.")
        row = self._state.transcripts.earn(persona, body["certification"], now=self._state.clock.now(), expires=expires)
        return JSONResponse(row, 201)

    async def renew(self, request: Request) -> Response:
        persona, body = self._persona(request), await _body(request)
        now = self._state.clock.now()
        return JSONResponse(self._state.transcripts.renew(persona, body["certification"], now=now))

    async def revoke(self, request: Request) -> Response:
        persona, body = self._persona(request), await _body(request)
        now = self._state.clock.now()
        return JSONResponse(self._state.transcripts.revoke(persona, body["certification"], now=now))

    def _persona(self, request: Request) -> LearningPersona:
        persona = self._state.accounts.find(request.path_params["key"])
        if persona is None:
            raise Refusal(404, "unknown_persona", "There is no such persona; GET /personas lists them.")
        if not isinstance(persona, LearningPersona):
            raise Refusal(400, "not_a_learning_persona", "Only personas of a learning provider have completions.")
        return persona


async def _body(request: Request, optional: frozenset[str] | set[str] = frozenset()) -> dict[str, Any]:
    body = await read_json_object(request)
    code = body.get("certification")
    if not {"certification"} <= set(body) <= {"certification"} | optional:
        raise Refusal(400, "invalid_request", 'The body must be {"certification": a code such as "AZ-104"}.')
    if not isinstance(code, str) or not 0 < len(code) <= CODE_LIMIT or not (code.isascii() and code.isprintable()):
        raise Refusal(400, "invalid_request", f"A certification is 1 to {CODE_LIMIT} printable ASCII characters.")
    return body
