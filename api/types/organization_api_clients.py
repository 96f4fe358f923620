"""Which API clients does an organization show to its admins?"""

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.context import Info
from api.lists.connections import Connection
from api.lists.walks import PageArguments, connection_field
from api.types import api_clients
from domain.queries.api_clients import api_clients_of_organization

if TYPE_CHECKING:
    from api.types.api_clients import ApiClient


@strawberry.type
class OrganizationApiClients:
    """For its admins; a part of the organization."""

    number: strawberry.Private[int]

    @connection_field(
        "The organization's API clients, revoked ones too, the latest created first; null unless an admin asks."
    )
    async def api_clients(
        self, info: Info, arguments: PageArguments
    ) -> Connection[Annotated["ApiClient", strawberry.lazy("api.types.api_clients")]] | None:
        """List the clients."""
        viewer = info.context.viewer
        if viewer is None:
            return None
        walk = arguments.walk(info, of=self.number)
        page = await api_clients_of_organization(viewer, self.number, page=walk.page)
        return api_clients.connection_of(page, walk) if page else None
