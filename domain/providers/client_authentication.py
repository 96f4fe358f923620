"""Authentication of our client at an issuer's token endpoint."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from domain.errors import InvalidInput

# What Authlib calls to authenticate a request: it returns the address, headers and body with the proof.
Authentication = str | Callable[[ClientAuth, str, str, dict[str, str], str], tuple[str, dict[str, str], str]]
PrivateKey = RSAKey | ECKey | OKPKey
ELLIPTIC_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


@dataclass(frozen=True, kw_only=True)
class ClientSecret:
    """A client secret."""

    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ClientKey:
    """A private key in PEM, and the SHA-256 thumbprint of its certificate where the issuer knows it by that."""

    pem: str = field(repr=False)
    thumbprint: str | None = None


Credential = ClientSecret | ClientKey


def read_client_key(pem: str) -> ClientKey:
    """Return the private key of a PEM text, with the thumbprint of a certificate that stands there too.

    Raises:
        InvalidInput: there is no private key without a password, the certificate is another key's, or it is not RSA,
            EC or Ed25519.
    """
    blocks = pem.split("-----BEGIN ")[1:]
    keys = [f"-----BEGIN {block}" for block in blocks if "PRIVATE KEY-----" in block.partition("\n")[0]]
    certificates = [f"-----BEGIN {block}" for block in blocks if block.startswith("CERTIFICATE")]
    try:
        (text,) = keys
        key = _private_key(text)
        if not certificates:
            return ClientKey(pem=text)
        certificate = x509.load_pem_x509_certificate(certificates[0].encode())
    except (ValueError, TypeError, JoseError):
        raise InvalidInput("The file holds no private key (RSA, EC or Ed25519, in PEM, without a password).") from None
    if certificate.public_key() != key.public_key:
        raise InvalidInput("The certificate is another key's.")
    digest = sha256(certificate.public_bytes(Encoding.DER)).digest()
    return ClientKey(pem=text, thumbprint=_base64url(digest))


def authentication(credential: Credential | None, client_id: str, metadata: Mapping[str, Any]) -> Authentication:
    """Return how our client authenticates, by what it has and by what the issuer's metadata allow.

    Raises:
        ValueError: the key cannot be read.
    """
    supported = metadata.get("token_endpoint_auth_methods_supported")
    if credential is None:
        return "none"
    if isinstance(credential, ClientKey):
        key = _private_key(credential.pem)
        header = {} if credential.thumbprint is None else {"x5t#S256": credential.thumbprint}
        return _SignedAssertion(key, client_id, header, _algorithm(key, credential, metadata))
    # A server that lists nothing takes basic (OpenID Connect Discovery, 3).
    if isinstance(supported, list) and "client_secret_basic" not in supported and "client_secret_post" in supported:
        return "client_secret_post"
    return _basic


def _basic(
    auth: ClientAuth, method: str, url: str, headers: dict[str, str], body: str
) -> tuple[str, dict[str, str], str]:
    # Each part is form-encoded first (RFC 6749, 2.3.1), which Authlib leaves out: a secret with + or % is refused then.
    pair = f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret)}"
    headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return url, headers, body


class _SignedAssertion:
    def __init__(self, key: PrivateKey, client_id: str, header: Mapping[str, str], algorithm: str) -> None:
        self._key, self._client_id, self._header, self._algorithm = key, client_id, header, algorithm

    def __call__(
        self, auth: ClientAuth, method: str, url: str, headers: dict[str, str], body: str
    ) -> tuple[str, dict[str, str], str]:
        signer = ClientAuth(self._client_id, self._key)
        proof = PrivateKeyJWT(url, headers=dict(self._header), alg=self._algorithm)
        return proof(signer, method, url, headers, body)  # type: ignore[no-any-return]


def _algorithm(key: PrivateKey, credential: ClientKey, metadata: Mapping[str, Any]) -> str:
    listed = metadata.get("token_endpoint_auth_signing_alg_values_supported")
    if isinstance(key, OKPKey):
        return "EdDSA"
    if isinstance(key, ECKey):
        return ELLIPTIC_ALGORITHMS.get(str(key.curve_name), "ES256")
    if isinstance(listed, list):
        return next((name for name in ("PS256", "RS256") if name in listed), "RS256")
    # Microsoft Entra ID lists nothing and wants PS256 where it knows a key by its certificate.
    return "RS256" if credential.thumbprint is None else "PS256"


def _private_key(pem: str) -> PrivateKey:
    for kind in ("RSA", "EC", "OKP"):
        try:
            key = import_key(pem, kind)
        except (ValueError, TypeError, JoseError):
            continue
        if key.is_private:
            return key
    raise ValueError("no private key")


def _base64url(digest: bytes) -> str:
    return b64encode(digest, b"-_").decode().rstrip("=")
