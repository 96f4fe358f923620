"""Faults to inject: at which issuer, and for how many requests."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sandbox.issuers import ISSUERS_BY_KEY, Issuer, IssuerKind
from sandbox.refusals import Refusal

CALLED_ENDPOINTS = frozenset({"discovery", "jwks", "token", "userinfo", "transcript"})
FAILING_ENDPOINTS = CALLED_ENDPOINTS | {"authorize"}
LONGEST_WAIT_SECONDS = 30
MOST_TIMES = 1_000_000
ERRORS = frozenset(
    {
        *("access_denied", "server_error", "temporarily_unavailable", "invalid_request", "unauthorized_client"),
        *("unsupported_response_type", "invalid_scope", "interaction_required", "login_required"),
        *("account_selection_required", "consent_required"),
    }
)

# Which requests a switch concerns, at which kinds of issuer.
_SWITCHES = {
    "wrong_issuer": ({"answer"}, set(IssuerKind)),
    "bad_signature": ({"token"}, set(IssuerKind)),
    "wrong_nonce": ({"token"}, set(IssuerKind)),
    "unverified_email": ({"token", "userinfo"}, {IssuerKind.WORK}),
    "incomplete_profile": ({"userinfo", "transcript"}, {IssuerKind.LEARNING}),
    "duplicate": ({"transcript"}, {IssuerKind.LEARNING}),
    "reordered": ({"transcript"}, {IssuerKind.LEARNING}),
}


@dataclass(frozen=True)
class Fault:
    """The knobs of one issuer; `times` is how many more requests it changes, None for no limit."""

    slow_seconds: float = 0
    fail: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None
    wrong_issuer: bool = False
    bad_signature: bool = False
    wrong_nonce: bool = False
    unverified_email: bool = False
    incomplete_profile: bool = False
    duplicate: bool = False
    reordered: bool = False
    times: int | None = None

    def concerns(self, endpoint: str) -> bool:
        """Tell whether the fault changes a request to the endpoint."""
        return (
            (self.slow_seconds > 0 and endpoint in CALLED_ENDPOINTS)
            or endpoint in self.fail
            or (self.error is not None and endpoint == "answer")
            or any(getattr(self, switch) and endpoint in endpoints for switch, (endpoints, _) in _SWITCHES.items())
        )


NO_FAULT = Fault()


class FaultBoard:
    """The faults set at present, at most one for each issuer."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}

    def set(self, body: Mapping[str, Any]) -> None:
        """Set an issuer's fault as the body describes, in place of the one it had.

        Raises:
            Refusal: an unknown issuer or knob, or a value out of range.
        """
        issuer = ISSUERS_BY_KEY.get(body["issuer"]) if isinstance(body.get("issuer"), str) else None
        if issuer is None:
            raise _invalid(f"issuer must be one of {', '.join(sorted(ISSUERS_BY_KEY))}.")
        self._faults[issuer.key] = _read_fault(issuer, {name: body[name] for name in body if name != "issuer"})

    def clear(self) -> None:
        self._faults.clear()

    def shown(self) -> dict[str, dict[str, Any]]:
        return {key: asdict(fault) for key, fault in self._faults.items()}

    def take(self, issuer: Issuer, endpoint: str) -> Fault:
        """Return the fault for one request, and count the request if the fault changes it."""
        fault = self._faults.get(issuer.key, NO_FAULT)
        if not fault.concerns(endpoint):
            return NO_FAULT
        if fault.times is not None:
            self._faults[issuer.key] = replace(fault, times=fault.times - 1)
            if fault.times == 1:
                del self._faults[issuer.key]
        return fault


def _read_fault(issuer: Issuer, body: dict[str, Any]) -> Fault:
    known = {"slow_seconds", "fail", "error", "times", *_SWITCHES}
    if unknown := set(body) - known:
        raise _invalid(f"{len(unknown)} unknown knobs; the knobs are {', '.join(sorted(known))}.")
    # Not isinstance: to Python true is a number.
    seconds, fail = body.get("slow_seconds", 0), body.get("fail", {})
    if type(seconds) not in (int, float) or not 0 <= seconds <= LONGEST_WAIT_SECONDS:
        raise _invalid(f"slow_seconds must be a number from 0 to {LONGEST_WAIT_SECONDS}.")
    if not isinstance(fail, dict) or not FAILING_ENDPOINTS.issuperset(fail):
        raise _invalid(f"fail must be an object whose names are among {', '.join(sorted(FAILING_ENDPOINTS))}.")
    if not all(type(status) is int and 400 <= status <= 599 for status in fail.values()):
        raise _invalid("fail must give a status from 400 to 599 for each name.")
    if issuer.kind is IssuerKind.WORK and "transcript" in fail:
        raise _invalid(f"There is no transcript at {issuer.key}.")
    error, times = body.get("error"), body.get("times")
    if error is not None and (not isinstance(error, str) or error not in ERRORS):
        raise _invalid(f"error must be null or one of {', '.join(sorted(ERRORS))}.")
    if times is not None and (type(times) is not int or not 1 <= times <= MOST_TIMES):
        raise _invalid(f"times must be null or a whole number from 1 to {MOST_TIMES}.")
    for switch, (_, kinds) in _SWITCHES.items():
        if not isinstance(body.get(switch, False), bool):
            raise _invalid(f"{switch} must be true or false.")
        if body.get(switch) and issuer.kind not in kinds:
            raise _invalid(f"{switch} has no meaning at {issuer.key}.")
    return Fault(**body)


def _invalid(description: str) -> Refusal:
    return Refusal(400, "invalid_request", description)
