"""Shapes of the issuers that companies have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AMARA = "amara.osei@contoso.example"
TENANT = "6f1e0a52-7c1b-4a0e-9d3c-2b8f5d1c7e40"
# Characters that RFC 6749, 2.3.1 has encoded before they are sent by HTTP Basic.
AWKWARD_SECRET = "a+b%2Fc/d:e f&g=h"
API_AUDIENCE = "api://certlink"
PERSON = {"sub": "5d0c-amara", "name": "Amara Osei", "email": AMARA, "email_verified": True}
ENTRA_PERSON = {
    "sub": "0b7f3c1e-52aa-4f3e-8a31-9c6d0e1f2a3b",
    "oid": "0b7f3c1e-52aa-4f3e-8a31-9c6d0e1f2a3b",
    "tid": TENANT,
    "ver": "2.0",
    "name": "Amara Osei",
    "preferred_username": AMARA,
}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One shape: of the issuer, of the person there, and of our client."""

    shape: Mapping[str, Any] = field(default_factory=dict)
    person: Mapping[str, Any] = field(default_factory=lambda: PERSON)
    authenticates_by: str = "client_secret_basic"
    secret: str = "a-secret-of-certlink"
    preset: str = "generic"

    @property
    def algorithm(self) -> str:
        """Return the algorithm of the issuer's tokens."""
        return str(self.shape.get("algorithms", ["RS256"])[0])


ID_TOKEN = Profile(shape={"claimsIn": "id_token"})
USERINFO_ONLY = Profile(shape={"claimsIn": "userinfo"})
SIGNED_USERINFO = Profile(shape={"claimsIn": "userinfo", "userinfoAlgorithm": "RS256"})
ENTRA = Profile(
    shape={
        "path": f"/{TENANT}/v2.0",
        "claimsIn": "id_token",
        "subjects": "pairwise",
        "authMethods": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "backchannelLogout": False,
        "accessToken": {
            "header": {"typ": "JWT"},
            "claims": {
                "ver": "2.0",
                "azp": "{client}",
                "tid": "{tid}",
                "oid": "{oid}",
                "name": "{name}",
                "preferred_username": "{preferred_username}",
                "scp": "access",
                "client_id": None,
                "scope": None,
            },
        },
    },
    person=ENTRA_PERSON,
    authenticates_by="client_secret_post",
    preset="entra",
)
# The same tenant, whose API has an access token of the first version, which another issuer signs with the same keys.
ENTRA_V1 = Profile(
    shape={
        **ENTRA.shape,
        "accessToken": {
            "header": {"typ": "JWT"},
            "claims": {
                "iss": f"https://sts.windows.net/{TENANT}/",
                "ver": "1.0",
                "appid": "{client}",
                "tid": "{tid}",
                "oid": "{oid}",
                "name": "{name}",
                "upn": "{preferred_username}",
                "unique_name": "{preferred_username}",
                "scp": "access",
                "client_id": None,
                "scope": None,
            },
        },
    },
    person=ENTRA_PERSON,
    authenticates_by="client_secret_post",
    preset="entra",
)
ES256_POST = Profile(
    shape={"algorithms": ["ES256"], "authMethods": ["client_secret_post"]}, authenticates_by="client_secret_post"
)
EDDSA = Profile(shape={"algorithms": ["EdDSA"]})
# The same algorithm by its name of RFC 9864.
ED25519 = Profile(shape={"algorithms": ["Ed25519"]})
SECRET_TO_ENCODE = Profile(shape={"authMethods": ["client_secret_basic"]}, secret=AWKWARD_SECRET)
PRIVATE_KEY_JWT = Profile(
    shape={"authMethods": ["private_key_jwt"], "needsThumbprint": True}, authenticates_by="private_key_jwt"
)
PS256_PUBLIC = Profile(shape={"algorithms": ["PS256"], "authMethods": ["none"]}, authenticates_by="none")
AHEAD = Profile(shape={"ahead": 45})
ELSEWHERE = Profile(shape={"isElsewhere": True})
# B2C: the policy is in the address of the discovery document, and not in the issuer.
B2C = Profile(
    shape={"path": f"/{TENANT}/v2.0/", "discovery": "/b2c_1_sign_in/v2.0/.well-known/openid-configuration"},
)
REFRESH = Profile(shape={"refresh": "always"})

PROFILES = {
    "claims in the ID token": ID_TOKEN,
    "claims at userinfo alone": USERINFO_ONLY,
    "claims at a signed userinfo alone": SIGNED_USERINFO,
    "Entra ID": ENTRA,
    "Entra ID with access tokens of version 1": ENTRA_V1,
    "ES256 and client_secret_post": ES256_POST,
    "EdDSA": EDDSA,
    "Ed25519": ED25519,
    "a secret that must be encoded": SECRET_TO_ENCODE,
    "private_key_jwt": PRIVATE_KEY_JWT,
    "PS256 and a public client": PS256_PUBLIC,
    "a clock that is 45 seconds ahead": AHEAD,
    "people sign in at another origin": ELSEWHERE,
    "a discovery document that is not below the issuer": B2C,
    "refresh tokens": REFRESH,
}
