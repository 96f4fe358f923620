"""Transcripts that the sandbox would not send."""


def transcript(*completions: str, profile: str = "991204737", cursor: str = "null") -> str:
    """Return a page of a transcript as JSON."""
    return f'{{"profileId": "{profile}", "completions": [{", ".join(completions)}], "nextCursor": {cursor}}}'


def completion(
    *,
    number: str = "msl-1",
    code: str = "AZ-104",
    kind: str = "CERTIFICATION",
    at: str = "2026-01-01T00:00:00Z",
    until: str = "2027-01-01T00:00:00Z",
) -> str:
    """Return one completion as JSON."""
    return (
        f'{{"completionId": "{number}", "certification": "{code}", "kind": "{kind}", "completedAt": "{at}",'
        f' "expiresAt": "{until}"}}'
    )
