"""The page that shows an association and removes its access."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.errors import status_of
from domain.errors import InvalidInput, NotFound
from domain.rules.enums import LearningProvider
from domain.rules.visibility import MemberViewer
from web.caller import signed_in_viewer
from web.documents import ask
from web.forms import read_form
from web.pages.profile import ALLOWANCES, held_accounts, profile_page
from web.refusals import refusal_page
from web.rendering import page, redirect


async def associate(request: Request) -> Response:
    form = await read_form(request)
    viewer = await signed_in_viewer(request)
    if form.get("provider") not in set(LearningProvider):
        raise InvalidInput("There is no such learning provider.")
    data = await ask(request, "associate", viewer=viewer, input={"provider": form["provider"]})
    result = data["associateLearningAccount"]
    if result["__typename"] == "AssociationStarted":
        return redirect(result["authorizationUrl"])
    return await profile_page(request, viewer, refusal=result, status=status_of(result["code"]))


async def show_association(request: Request) -> Response:
    """Ask whether to remove access, and say once it is removed what that did."""
    viewer = await signed_in_viewer(request)
    data = await _own_association(request, viewer, request.path_params["id"])
    association = data["node"]
    provider = LearningProvider(association["learningAccount"]["provider"])
    allowance = association["member"][ALLOWANCES[provider]]
    return page(
        request,
        "association.html",
        viewer=data["viewer"],
        association=association,
        provider=provider.display_name,
        next_available_at=allowance["nextAvailableAt"],
        held=held_accounts(allowance),
        credits_to_end=association["toEnd"]["totalCount"],
        credits_ended=association["ended"]["totalCount"],
    )


async def remove(request: Request) -> Response:
    form = await read_form(request)
    viewer = await signed_in_viewer(request)
    association_id = form.get("association", "")
    removal = await ask(request, "remove", viewer=viewer, input={"associationId": association_id})
    association = (await _own_association(request, viewer, association_id))["node"]
    # Removed twice is removed: the second click is refused, but is shown what the first one did.
    if association["endedAt"] is None:
        result = removal["removeAssociation"]
        return refusal_page(request, result["code"], result["message"])
    return redirect(f"/associations/{association['id']}")


async def _own_association(request: Request, viewer: MemberViewer, association_id: str) -> dict[str, Any]:
    data = await ask(request, "association", viewer=viewer, id=association_id)
    # Admins may see the associations of their members, but only the person may end one (R1).
    if not data["node"] or data["node"]["member"]["id"] != data["viewer"]["member"]["id"]:
        raise NotFound
    return data
