"""Endpoints that steer the sandbox: clock, faults, personas."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.issuers import ISSUERS, ISSUERS_BY_KEY
from sandbox.pages import page
from sandbox.personas import LearningPersona, WorkPersona
from sandbox.reading import read_json_object
from sandbox.refusals import Refusal
from sandbox.state import API_AUDIENCE, State
from sandbox.tokens import TOKEN_SECONDS, mint_access_token
from sandbox.transcript_rows import rfc3339


class Controls:
    """The endpoints that belong to no issuer."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def show_home(self, request: Request) -> Response:
        people = {issuer.key: self._state.accounts.at(issuer) for issuer in ISSUERS}
        now = self._state.clock.now()
        return page("home.html", issuers=ISSUERS, people=people, now=now, offset=self._state.clock.offset_seconds)

    async def show_health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def show_clock(self, request: Request) -> Response:
        clock = self._state.clock
        return JSONResponse({"offset_seconds": clock.offset_seconds, "now": rfc3339(clock.now())})

    async def advance_clock(self, request: Request) -> Response:
        body = await read_json_object(request)
        if set(body) != {"advance_seconds"}:
            raise Refusal(400, "invalid_request", 'The body must be {"advance_seconds": a number of seconds}.')
        self._state.clock.advance(body["advance_seconds"])
        return await self.show_clock(request)

    async def show_personas(self, request: Request) -> Response:
        return JSONResponse(
            [
                {
                    "key": persona.key,
                    "issuer": ISSUERS_BY_KEY[persona.issuer].url(self._state.base_url),
                    "kind": ISSUERS_BY_KEY[persona.issuer].kind.value,
                    "subject": persona.subject,
                    "name": persona.name,
                    "email": persona.email,
                    "about": persona.about,
                    **({"profile_id": persona.profile_id} if isinstance(persona, LearningPersona) else {}),
                }
                for persona in self._state.accounts.everyone()
            ]
        )

    async def mint_token(self, request: Request) -> Response:
        """Answer a bearer token for the API, as a front-end would hold it."""
        persona = self._state.accounts.find(request.path_params["key"])
        if persona is None:
            raise Refusal(404, "unknown_persona", "There is no such persona; GET /personas lists them.")
        if not isinstance(persona, WorkPersona):
            raise Refusal(400, "not_a_work_persona", "Only personas of a work identity issuer get a token for the API.")
        issuer = ISSUERS_BY_KEY[persona.issuer]
        now = self._state.clock.now()
        token = mint_access_token(self._state, issuer, persona, audience=API_AUDIENCE, now=now)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def withdraw(self, request: Request) -> Response:
        """Revoke every refresh token of a persona, as if they withdrew their consent or their account was blocked."""
        persona = self._state.accounts.find(request.path_params["key"])
        if persona is None:
            raise Refusal(404, "unknown_persona", "There is no such persona; GET /personas lists them.")
        return JSONResponse({"revoked": self._state.refresh_tokens.revoke_all(persona.issuer, persona.subject)})

    async def show_faults(self, request: Request) -> Response:
        return JSONResponse({"faults": self._state.faults.shown()})

    async def set_fault(self, request: Request) -> Response:
        """Set the faults of one issuer, in place of those it had."""
        self._state.faults.set(await read_json_object(request))
        return await self.show_faults(request)

    async def clear_faults(self, request: Request) -> Response:
        self._state.faults.clear()
        return await self.show_faults(request)
