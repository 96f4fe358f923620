"""The page of an association attempt."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from api.documents.trusted import document_id
from domain.errors import NotFound
from domain.rules.enums import AttemptStatus, AttemptStep, LearningProvider
from web.caller import signed_in_viewer
from web.documents import DOCUMENTS, ask
from web.rendering import page


async def show_attempt(request: Request) -> Response:
    """Show an attempt of the person's own; until it is final the page keeps itself up to date."""
    viewer = await signed_in_viewer(request)
    data = await ask(request, "attempt", viewer=viewer, id=request.path_params["id"])
    attempt = data["node"]
    if not attempt:
        raise NotFound
    provider = LearningProvider(attempt["provider"])
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
        changes=document_id(DOCUMENTS["attempt_changes"]),
        provider=provider.display_name,
        mark="cap" if provider is LearningProvider.MICROSOFT_LEARN else "school",
        is_final=AttemptStatus(attempt["status"]).is_final,
        steps=steps_on_page(attempt, delay_days=data["policy"]["creditDelayDays"], **names),
        **attempt_words(attempt, **names),
    )


class StatusWords(NamedTuple):
    """A status in words, with a color and a shape that say the same, and the sentences around the steps."""

    tone: str
    icon_name: str
    badge: str
    heading: str
    lead: str
    closing: str
    explanation: str | None = None


def attempt_words(attempt: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """Return what is said of an attempt; ``news`` is what a screen reader is told when it changes."""
    words: dict[str, Any] = {
        name: text and text.format(**names)
        for name, text in _STATUSES[AttemptStatus(attempt["status"])]._asdict().items()
    }
    if attempt["refusal"]:
        # The programme's own sentence, which may hold braces, is not filled in.
        words["explanation"] = attempt["refusal"]["message"]
    latest = [_DONE[AttemptStep(step["name"])].format(**names) for step in attempt["steps"]][-1:]
    news = [f"{'. '.join([words['badge'], *latest])}.", words["explanation"]]
    return words | {"news": " ".join(filter(None, news))}


def steps_on_page(attempt: Mapping[str, Any], *, delay_days: int, **names: str) -> list[dict[str, Any]]:
    """Return the steps of an attempt, and the credit that follows; of one that led nowhere only what was done."""
    status = AttemptStatus(attempt["status"])
    done = {AttemptStep(step["name"]): step["at"] for step in attempt["steps"]}
    # Whether there is anything to unlink is known once the account is linked.
    unneeded = {AttemptStep.UNLINKED_ELSEWHERE} - done.keys() if AttemptStep.LINKED in done else set()
    current = next((step for step in AttemptStep if step not in done and step not in unneeded), None)
    steps = []
    for step in AttemptStep:
        if step in done:
            state, title = "done", _DONE[step]
        elif step in unneeded:
            state, title = "skipped", "Nothing to unlink elsewhere"
        else:
            state, title = "current" if step is current else "waiting", _TO_DO[step]
        steps.append({"state": state, "title": title.format(**names), "at": done.get(step), "words": ""})
    # What will not happen any more is no step.
    if status.is_final and status is not AttemptStatus.ASSOCIATED:
        return [step for step in steps if step["state"] == "done"]
    days = "ten" if delay_days == 10 else str(delay_days)
    words = f"{names['organization']} is credited with each certification once its waiting period is over."
    return [*steps, {"state": "waiting", "title": f"Credited within {days} days", "at": None, "words": words}]


_LEAVE = "You can leave this page. Linking carries on, and your profile shows the result."
_IN_PROGRESS = StatusWords(
    "info", "clock", "In progress", "Linking {provider}", _LEAVE, "This usually takes a few seconds."
)
_UNCHANGED = "{provider} was not linked", "Nothing was changed.", "You can start again from your profile."
_STATUSES = {
    AttemptStatus.AWAITING_SIGN_IN: StatusWords(
        "info",
        "clock",
        "Waiting for your sign-in",
        "Linking {provider}",
        "Sign in at {provider} to go on. If its page is gone, start again from your profile.",
        "An unused try does not count.",
    ),
    AttemptStatus.RECEIVED: _IN_PROGRESS,
    AttemptStatus.PROCESSING: _IN_PROGRESS,
    AttemptStatus.ASSOCIATED: StatusWords(
        "good",
        "check",
        "Associated",
        "{provider} is linked",
        "{organization} gets credit for what you earned and earn with it.",
        "Your profile shows when each credit counts.",
    ),
    AttemptStatus.REFUSED: StatusWords("bad", "cross", "Refused", *_UNCHANGED),
    AttemptStatus.EXPIRED: StatusWords(
        "warn",
        "warning",
        "Expired",
        *_UNCHANGED,
        "The sign-in at {provider} took too long and has expired. Please start again.",
    ),
    AttemptStatus.FAILED: StatusWords(
        "bad",
        "warning",
        "Failed",
        *_UNCHANGED,
        "{provider} did not tell us what we need to know. Please try again later.",
    ),
}
_DONE = {
    AttemptStep.SIGNED_IN: "You signed in at {provider}",
    AttemptStep.PROFILE_FOUND: "Certification profile found",
    AttemptStep.UNLINKED_ELSEWHERE: "Unlinked from {moved_from}",
    AttemptStep.LINKED: "Linked to {organization}",
    AttemptStep.IMPORTED: "Certifications imported",
}
_TO_DO = {
    AttemptStep.SIGNED_IN: "Signing in at {provider}",
    AttemptStep.PROFILE_FOUND: "Finding your certification profile",
    AttemptStep.UNLINKED_ELSEWHERE: "Unlinking elsewhere, if needed",
    AttemptStep.LINKED: "Linking to {organization}",
    AttemptStep.IMPORTED: "Importing certifications",
}
