"""The sandbox's application and its routes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.accounts import Accounts
from sandbox.clock import MovableClock
from sandbox.controls import Controls
from sandbox.data_folder import open_data_folder
from sandbox.discovery import show_discovery, show_jwks
from sandbox.faults import FaultBoard
from sandbox.grants import Grants
from sandbox.issuers import ISSUERS, Issuer, IssuerKind
from sandbox.keys import Keyring
from sandbox.learning_controls import LearningControls
from sandbox.pages import show_icon, show_style
from sandbox.refresh import RefreshTokens
from sandbox.refusals import Refusal, SandboxModeRequired, refuse_unroutable, refuse_with_json
from sandbox.sign_in import answer_sign_in, show_sign_in
from sandbox.state import Call, State
from sandbox.token_endpoint import give_tokens
from sandbox.transcript import show_transcript
from sandbox.transcripts import Transcripts
from sandbox.userinfo import show_userinfo

Handler = Callable[[Call], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(*, base_url: str, data: Path, sandbox_mode: bool, clock: Callable[[], datetime]) -> Starlette:
    """Return the sandbox's application; `clock` returns the real instant, aware.

    Raises:
        SandboxModeRequired: not in sandbox mode.
        DataFolderUnusable: the data folder cannot be made, read or written.
    """
    if sandbox_mode is not True:
        raise SandboxModeRequired()
    state = _open_state(base_url.rstrip("/"), data, clock)
    app = Starlette(
        routes=[
            *_control_routes(Controls(state)),
            *_learning_routes(LearningControls(state)),
            *(route for issuer in ISSUERS for route in _routes(state, issuer)),
        ],
        exception_handlers={Refusal: refuse_with_json, HTTPException: refuse_unroutable},
    )
    # A redirect would name the host that the request claims, and every path here is exact.
    app.router.redirect_slashes = False
    return app


def _open_state(base_url: str, data: Path, real_clock: Callable[[], datetime]) -> State:
    created_date = open_data_folder(data, now=real_clock())
    refresh_tokens = RefreshTokens(data / "refresh-tokens.json")
    return State(
        base_url=base_url,
        created_date=created_date,
        clock=MovableClock(real_clock, data / "clock.json"),
        keyring=Keyring(data / "keys"),
        accounts=Accounts(data / "accounts.json"),
        grants=Grants(refresh_tokens),
        refresh_tokens=refresh_tokens,
        transcripts=Transcripts(data / "transcripts.json"),
        faults=FaultBoard(),
    )


def _control_routes(controls: Controls) -> list[Route]:
    return [
        Route("/", controls.show_home),
        Route("/sandbox.css", show_style),
        Route("/sandbox.svg", show_icon),
        Route("/healthz", controls.show_health),
        Route("/clock", controls.show_clock, methods=["GET"]),
        Route("/clock", controls.advance_clock, methods=["POST"]),
        Route("/personas", controls.show_personas),
        Route("/personas/{key}/token", controls.mint_token, methods=["POST"]),
        Route("/faults", controls.show_faults, methods=["GET"]),
        Route("/faults", controls.set_fault, methods=["POST"]),
        Route("/faults", controls.clear_faults, methods=["DELETE"]),
    ]


def _learning_routes(controls: LearningControls) -> list[Route]:
    return [
        Route("/personas/{key}/completions", controls.show_completions, methods=["GET"]),
        Route("/personas/{key}/completions", controls.earn, methods=["POST"]),
        Route("/personas/{key}/renewals", controls.renew, methods=["POST"]),
        Route("/personas/{key}/revocations", controls.revoke, methods=["POST"]),
        Route("/personas/{key}/withdrawals", controls.withdraw, methods=["POST"]),
    ]


def _routes(state: State, issuer: Issuer) -> list[Route]:
    def route(path: str, name: str, handler: Handler, *methods: str) -> Route:
        return Route(f"/{issuer.key}/{path}", _endpoint(state, issuer, name, handler), methods=methods)

    routes = [
        route(".well-known/openid-configuration", "discovery", show_discovery, "GET"),
        route("jwks", "jwks", show_jwks, "GET"),
        route("authorize", "authorize", show_sign_in, "GET", "POST"),
        route("sign-in", "sign-in", answer_sign_in, "POST"),
        route("token", "token", give_tokens, "POST"),
        route("userinfo", "userinfo", show_userinfo, "GET", "POST"),
    ]
    if issuer.kind is IssuerKind.LEARNING:
        routes.append(route("transcript", "transcript", show_transcript, "GET"))
    return routes


def _endpoint(state: State, issuer: Issuer, name: str, handler: Handler) -> Endpoint:
    async def answer(request: Request) -> Response:
        fault = state.faults.take(issuer, name)
        if fault.slow_seconds:
            await asyncio.sleep(fault.slow_seconds)
        if name in fault.fail:
            raise Refusal(fault.fail[name], "server_error", "The sandbox was told to fail here.")
        return await handler(Call(request, state, issuer, fault))

    return answer
