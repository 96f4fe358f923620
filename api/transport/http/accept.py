"""Choose the media type of the answer by the Accept header."""

import re
from typing import NamedTuple

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
# "nan" and "inf" are numbers to Python, and not to HTTP.
_QUALITY = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")


class _Range(NamedTuple):
    media_range: str
    quality: float
    specificity: int


def chosen_media_type(accept: str | None) -> str | None:
    """Return the media type that an Accept header prefers, or nothing where it accepts none of ours.

    Without a preference it is ``application/json``; where both are named alike, the one made for GraphQL.
    """
    if accept is None or not accept.strip():
        return JSON
    ranges: list[_Range] = []
    for part in accept.lower().split(","):
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        pairs = (parameter.partition("=") for parameter in parameters)
        text = next((value.strip() for name, _, value in pairs if name.strip() == "q"), "1")
        quality = min(float(text), 1.0) if _QUALITY.fullmatch(text) else 0.0
        ranges.append(_Range(media_range, quality, {"*/*": 0, "application/*": 1}.get(media_range, 2)))
    chosen: tuple[float, int, bool] | None = None
    media_type: str | None = None
    for offered in (JSON, GRAPHQL_RESPONSE):
        covering = [accepted for accepted in ranges if accepted.specificity < 2 or accepted.media_range == offered]
        if not covering:
            continue
        # The most specific range decides (RFC 9110 12.5.1), whatever the others say.
        decisive = max(covering, key=lambda accepted: accepted.specificity)
        rank = (decisive.quality, decisive.specificity, decisive.specificity == 2 and offered == GRAPHQL_RESPONSE)
        if decisive.quality > 0 and (chosen is None or rank > chosen):
            chosen, media_type = rank, offered
    return media_type
