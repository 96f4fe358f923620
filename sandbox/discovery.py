"""OpenID Connect discovery and JWKS of an issuer."""

from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.issuers import OFFLINE_ACCESS, IssuerKind
from sandbox.state import Call


async def show_discovery(call: Call) -> Response:
    """Answer the issuer's OpenID configuration."""
    url = call.issuer_url
    document: dict[str, Any] = {
        "issuer": url,
        "authorization_endpoint": f"{url}/authorize",
        "token_endpoint": f"{url}/token",
        "userinfo_endpoint": f"{url}/userinfo",
        "jwks_uri": f"{url}/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid", "profile", "email", OFFLINE_ACCESS],
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "auth_time", "nonce", "at_hash", "name", "email"],
        "id_token_signing_alg_values_supported": [call.issuer.algorithm],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
    if call.issuer.kind is IssuerKind.WORK:
        document["claims_supported"].append("email_verified")
    return JSONResponse(document)


async def show_jwks(call: Call) -> Response:
    """Answer the issuer's public keys."""
    return JSONResponse(call.state.keyring.public(call.issuer))
