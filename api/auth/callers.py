"""Caller of an operation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from api.limits.rate_limit import BudgetNames
from domain.rules.visibility import ApiClientViewer, Viewer


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who calls, and how long their proof is valid."""

    viewer: Viewer | None
    # Callers with an Authorization header of their own may introspect, and send documents that nobody registered. A
    # browser's session may be held to registered ones.
    is_trusted_to_explore: bool
    # When the proof expires (aware, UTC).
    expires_at: datetime | None = None
    # Returns the viewer at an instant, or nothing once the proof is revoked.
    revalidate: Callable[[datetime], Awaitable[Viewer | None]] | None = field(default=None, compare=False)
    address: str = ""

    @property
    def name(self) -> str:
        """Return the name under which limits count; it holds nothing personal but the address."""
        match self.viewer:
            case None:
                return f"address:{_network_of(self.address)}"
            case ApiClientViewer(api_client_id=api_client_id):
                return f"api-client:{api_client_id}"
            case viewer:
                return f"member:{viewer.member_id}"

    @property
    def budget_names(self) -> BudgetNames:
        organization = None if self.viewer is None else f"organization:{self.viewer.organization_id}"
        return BudgetNames(self.name, organization)


def _network_of(address: str) -> str:
    # One customer of a network provider has at least a /64 of IPv6.
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
