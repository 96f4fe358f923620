"""Who calls, by which proof, and until when?"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from api.limits.rate_limit import BudgetNames
from domain.rules.visibility import ApiClientViewer, Viewer


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls, as long as what they proved it by holds.

    ``is_trusted_to_explore`` is true of callers with an Authorization header of their own: they may introspect and
    send documents that nobody registered, where a browser's session may be held to registered ones. ``expires_at``
    (aware, UTC) is when the proof ends by itself; ``revalidate`` returns the viewer as the proof shows them at an
    instant, or nothing once it is revoked.
    """

    viewer: Viewer | None
    is_trusted_to_explore: bool
    expires_at: datetime | None = None
    revalidate: Callable[[datetime], Awaitable[Viewer | None]] | None = field(default=None, compare=False)
    address: str = ""

    @property
    def name(self) -> str:
        """Return under which name limits count what this caller does; it holds nothing personal but the address."""
        match self.viewer:
            case None:
                return f"address:{_network_of(self.address)}"
            case ApiClientViewer(api_client_id=number):
                return f"api-client:{number}"
            case viewer:
                return f"member:{viewer.member_id}"

    @property
    def budget_names(self) -> BudgetNames:
        """Return the budgets from which this caller's points are taken."""
        organization = None if self.viewer is None else f"organization:{self.viewer.organization_id}"
        return BudgetNames(self.name, organization)


def _network_of(address: str) -> str:
    """Return what one customer of a network provider has: of IPv6 that is a /64 at least."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
