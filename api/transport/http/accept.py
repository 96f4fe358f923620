"""Choose the media type of the answer by the Accept header."""

from dataclasses import dataclass

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"


@dataclass(frozen=True)
class _Range:
    media_range: str
    quality: float

    @property
    def specificity(self) -> int:
        return {"*/*": 0, "application/*": 1}.get(self.media_range, 2)

    def covers(self, media_type: str) -> bool:
        return self.specificity < 2 or self.media_range == media_type


def chosen_media_type(accept: str | None) -> str | None:
    """Return the media type that an Accept header prefers, or nothing where it accepts none of ours.

    Without a preference it is ``application/json``; where both are named alike, the one made for GraphQL.
    """
    if accept is None or not accept.strip():
        return JSON
    ranges = [_range(part) for part in accept.lower().split(",") if part.strip()]
    chosen: tuple[float, int, bool] | None = None
    media_type: str | None = None
    for offered in (JSON, GRAPHQL_RESPONSE):
        covering = [media_range for media_range in ranges if media_range.covers(offered)]
        if not covering:
            continue
        # The most specific range decides (RFC 9110 12.5.1), whatever the others say.
        decisive = max(covering, key=lambda media_range: media_range.specificity)
        rank = (decisive.quality, decisive.specificity, decisive.specificity == 2 and offered == GRAPHQL_RESPONSE)
        if decisive.quality > 0 and (chosen is None or rank > chosen):
            chosen, media_type = rank, offered
    return media_type


def _range(part: str) -> _Range:
    media_range, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return _Range(media_range, _quality(value.strip()))
    return _Range(media_range, 1.0)


def _quality(text: str) -> float:
    # "nan" and "inf" are numbers to Python, and not to HTTP.
    if not text or not set(text) <= set("0123456789."):
        return 0.0
    try:
        return min(float(text), 1.0)
    except ValueError:
        return 0.0
