"""The userinfo endpoint."""

from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.issuers import MICROSOFT_LEARN
from sandbox.personas import WorkPersona
from sandbox.state import Call
from sandbox.tokens import identity_claims, persona_of_bearer


async def show_userinfo(call: Call) -> Response:
    """Answer the claims about the person.

    Raises:
        Refusal: no valid access token.
    """
    persona = persona_of_bearer(call)
    if isinstance(persona, WorkPersona):
        claims: dict[str, Any] = identity_claims(persona, call.fault)
    else:
        profile = "mcid" if call.issuer == MICROSOFT_LEARN else "learner_id"
        profile_id = None if call.fault.incomplete_profile else persona.profile_id
        claims = {profile: profile_id, "name": persona.name, "email": persona.email}
    return JSONResponse({"sub": persona.subject, **claims}, headers={"Cache-Control": "no-store"})
