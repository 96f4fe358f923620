"""The page of an association attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from domain.errors import NotFound
from domain.rules.enums import AttemptStatus, AttemptStep, LearningProvider
from web.caller import signed_in_viewer
from web.documents import ask, id_of_document
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


@dataclass(frozen=True)
class StatusWords:
    """A status in words, with a color and a shape that say the same, and the sentences around the steps."""

    tone: str
    icon: str
    badge: str
    heading: str
    lead: str
    closing: str


def attempt_words(attempt: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """Return what is said of an attempt; ``news`` is what a screen reader is told when it changes."""
    words = _STATUSES[AttemptStatus(attempt["status"])]
    latest = [_DONE[AttemptStep(step["name"])] for step in attempt["steps"]][-1:]
    said = [words.badge, *(sentence.format(**names) for sentence in latest)]
    why = explanation(attempt, **names)
    return {
        "tone": words.tone,
        "icon_name": words.icon,
        "badge": words.badge,
        "heading": words.heading.format(**names),
        "lead": words.lead.format(**names),
        "closing": words.closing.format(**names),
        "news": " ".join([f"{'. '.join(said)}.", *([why] if why else [])]),
    }


def explanation(attempt: Mapping[str, Any], **names: str) -> str | None:
    """Return why an attempt led nowhere, in the programme's own sentence where it has one."""
    if attempt["refusal"]:
        return str(attempt["refusal"]["message"])
    sentence = _EXPLANATIONS.get(AttemptStatus(attempt["status"]))
    return sentence.format(**names) if sentence else None


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
        steps.append(_step(state, title.format(**names), at=done.get(step)))
    if status.is_final and status is not AttemptStatus.ASSOCIATED:
        return [step for step in steps if step["state"] == "done"]
    days = "ten" if delay_days == 10 else str(delay_days)
    words = f"{names['organization']} is credited with each certification once its waiting period is over."
    return [*steps, _step("waiting", f"Credited within {days} days", words=words)]


def _step(state: str, title: str, *, at: str | None = None, words: str = "") -> dict[str, Any]:
    return {"state": state, "title": title, "at": at, "words": words}


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
    AttemptStatus.EXPIRED: StatusWords("warn", "warning", "Expired", *_UNCHANGED),
    AttemptStatus.FAILED: StatusWords("bad", "warning", "Failed", *_UNCHANGED),
}
_EXPLANATIONS = {
    AttemptStatus.EXPIRED: "The sign-in at {provider} took too long and has expired. Please start again.",
    AttemptStatus.FAILED: "{provider} did not tell us what we need to know. Please try again later.",
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
