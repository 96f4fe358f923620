"""The state of a running sandbox, and one request to it."""

from dataclasses import dataclass

from starlette.requests import Request

from sandbox.accounts import Accounts
from sandbox.clock import MovableClock
from sandbox.faults import Fault, FaultBoard
from sandbox.grants import Grants
from sandbox.issuers import Issuer
from sandbox.keys import Keyring
from sandbox.refresh import RefreshTokens
from sandbox.transcripts import Transcripts

CLIENT_ID = "certlink"
CLIENT_SECRET = "sandbox-secret"
API_AUDIENCE = "certlink-api"


@dataclass(frozen=True)
class State:
    """What all requests to one running sandbox share."""

    base_url: str
    clock: MovableClock
    keyring: Keyring
    accounts: Accounts
    grants: Grants
    refresh_tokens: RefreshTokens
    transcripts: Transcripts
    faults: FaultBoard


@dataclass(frozen=True)
class Call:
    """One request to one issuer, with the fault that changes it."""

    request: Request
    state: State
    issuer: Issuer
    fault: Fault

    @property
    def issuer_url(self) -> str:
        """Return the issuer identifier."""
        return self.issuer.url(self.state.base_url)
