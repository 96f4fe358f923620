"""How far has an association attempt come?"""

from starlette.requests import Request
from starlette.responses import Response

from domain.errors import NotFound
from domain.rules.enums import AttemptStatus, LearningProvider
from web.caller import signed_in_viewer
from web.documents import ask, id_of_document
from web.pages.attempt_words import attempt_words, explanation, steps_on_page
from web.rendering import page


async def show_attempt(request: Request) -> Response:
    """Show an attempt of the person's own; until it is final the page keeps itself up to date.

    Raises:
        NotFound: the member has no such attempt.
    """
    viewer = await signed_in_viewer(request)
    data = await ask(request, "attempt", viewer=viewer, id=request.path_params["id"])
    attempt = data["node"]
    if not attempt:
        raise NotFound
    provider = LearningProvider(attempt["provider"])
    status = AttemptStatus(attempt["status"])
    names = {
        "provider": provider.display_name,
        "organization": data["viewer"]["organization"]["name"],
        "moved_from": attempt["movedFrom"] or "another organization",
    }
    return page(
        request,
        "attempt.html",
        viewer=data["viewer"],
        attempt=attempt,
        changes=id_of_document("attempt_changes"),
        provider=provider.display_name,
        mark="cap" if provider is LearningProvider.MICROSOFT_LEARN else "school",
        is_final=status.is_final,
        explanation=explanation(attempt, **names),
        steps=steps_on_page(attempt, delay_days=data["policy"]["creditDelayDays"], **names),
        **attempt_words(attempt, **names),
    )
