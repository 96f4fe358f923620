"""The answer's media type follows the Accept header."""

import pytest

from api.transport.http.accept import GRAPHQL_RESPONSE, JSON, chosen_media_type


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
        (f"{JSON}, {GRAPHQL_RESPONSE}", GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE}; charset=utf-8, {JSON}; q=0.9", GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE};q=0.5, {JSON};q=0.9", JSON),
        (f"{GRAPHQL_RESPONSE}, */*;q=0.1", GRAPHQL_RESPONSE),
        ("text/html, */*;q=0.1", JSON),
        (f"*/*, {JSON};q=0", GRAPHQL_RESPONSE),
        ("APPLICATION/JSON", JSON),
        ("text/event-stream", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=nan", None),
        (f"{JSON};q=-1", None),
        ("application/graphql+json, application/jsonp", None),
    ],
)
def test_the_client_gets_what_it_likes_best(accept: str | None, media_type: str | None) -> None:
    assert chosen_media_type(accept) == media_type
