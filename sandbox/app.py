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
from sandbox.pages import show_static_file
from sandbox.refresh import RefreshTokens
from sandbox.refusals import Refusal, SandboxModeRequired, refuse_unroutable, refuse_with_json
from sandbox.sign_in import answer_sign_in, show_sign_in
from sandbox.state import Call, State
from sandbox.token_endpoint import give_tokens
from sandbox.transcript import show_transcript
from sandbox.transcripts import Transcripts
from sandbox.userinfo import show_userinfo

Handler = Callable[[Call], Awaitable[Response]]


def create_app(*, base_url: str, data: Path, sandbox_mode: bool, clock: Callable[[], datetime]) -> Starlette:
    """Return the sandbox's application; `clock` returns the real instant, aware.

    Raises:
        SandboxModeRequired: not in sandbox mode.
        DataFolderUnusable: the data folder cannot be made, read or written.
    """
    if sandbox_mode is not True:
        raise SandboxModeRequired()
    created_date = open_data_folder(data, now=clock())
    refresh_tokens = RefreshTokens(data / "refresh-tokens.json")
    state = State(
        base_url=base_url.rstrip("/"),
        clock=MovableClock(clock, data / "clock.json"),
        keyring=Keyring(data / "keys"),
        accounts=Accounts(data / "accounts.json"),
        grants=Grants(refresh_tokens),
        refresh_tokens=refresh_tokens,
        transcripts=Transcripts(data / "transcripts.json", created_date=created_date),
        faults=FaultBoard(),
    )
    app = Starlette(
        routes=[*_control_routes(state), *(route for issuer in ISSUERS for route in _issuer_routes(state, issuer))],
        exception_handlers={Refusal: refuse_with_json, HTTPException: refuse_unroutable},
    )
    # A redirect would name the host that the request claims, and every path here is exact.
    app.router.redirect_slashes = False
    return app


def _control_routes(state: State) -> list[Route]:
    controls, learning = Controls(state), LearningControls(state)
    return [
        Route("/", controls.show_home),
        Route("/sandbox.css", show_static_file),
        Route("/sandbox.svg", show_static_file),
        Route("/healthz", controls.show_health),
        Route("/clock", controls.show_clock, methods=["GET"]),
        Route("/clock", controls.advance_clock, methods=["POST"]),
        Route("/personas", controls.show_personas),
        Route("/personas/{key}/token", controls.mint_token, methods=["POST"]),
        Route("/personas/{key}/completions", learning.show_completions, methods=["GET"]),
        Route("/personas/{key}/completions", learning.earn, methods=["POST"]),
        Route("/personas/{key}/renewals", learning.renew, methods=["POST"]),
        Route("/personas/{key}/revocations", learning.revoke, methods=["POST"]),
        Route("/personas/{key}/withdrawals", controls.withdraw, methods=["POST"]),
        Route("/faults", controls.show_faults, methods=["GET"]),
        Route("/faults", controls.set_fault, methods=["POST"]),
        Route("/faults", controls.clear_faults, methods=["DELETE"]),
    ]


def _issuer_routes(state: State, issuer: Issuer) -> list[Route]:
    def route(path: str, handler: Handler, *methods: str, name: str | None = None) -> Route:
        async def answer(request: Request) -> Response:
            fault = state.faults.take(issuer, name or path)
            if fault.slow_seconds:
                await asyncio.sleep(fault.slow_seconds)
            if status := fault.fail.get(name or path):
                raise Refusal(status, "server_error", "The sandbox was told to fail here.")
            return await handler(Call(request, state, issuer, fault))

        return Route(f"/{issuer.key}/{path}", answer, methods=methods)

    routes = [
        route(".well-known/openid-configuration", show_discovery, "GET", name="discovery"),
        route("jwks", show_jwks, "GET"),
        route("authorize", show_sign_in, "GET", "POST"),
        route("sign-in", answer_sign_in, "POST"),
        route("token", give_tokens, "POST"),
        route("userinfo", show_userinfo, "GET", "POST"),
    ]
    if issuer.kind is IssuerKind.LEARNING:
        routes.append(route("transcript", show_transcript, "GET"))
    return routes
