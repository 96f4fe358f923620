"""The organization's page for its admins."""

from starlette.requests import Request
from starlette.responses import Response

from api.runtime import runtime_of
from domain.errors import Forbidden
from web.caller import signed_in_viewer
from web.documents import ask
from web.forms import read_query
from web.pages.profile import validity
from web.rendering import page


async def show_organization(request: Request) -> Response:
    viewer = await signed_in_viewer(request)
    if not viewer.is_admin:
        raise Forbidden("Only the admins of your organization see its credits.")
    data = await ask(request, "organization", viewer=viewer, after=read_query(request, "after"))
    organization = data["viewer"]["organization"]
    now = runtime_of(request).clock()
    info = organization["credits"]["pageInfo"]
    return page(
        request,
        "organization.html",
        viewer=data["viewer"],
        summary=organization["creditStatus"],
        credits=[{**credit, **validity(credit, now=now)} for credit in organization["credits"]["nodes"]],
        total=organization["credits"]["totalCount"],
        more=info["endCursor"] if info["hasNextPage"] else None,
    )
