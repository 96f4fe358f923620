"""Redirects of pages, which stay on this site."""

import pytest

from web.urls import local_path, with_attempt


@pytest.mark.parametrize("path", ["/profile", "/attempts/abc?x=1", "/sign-in?return_to=%2Fprofile"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    kept = local_path(path)

    assert kept == path


@pytest.mark.parametrize(
    "elsewhere",
    [
        None,
        "",
        "profile",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/x\r\nSet-Cookie: a=b",
        "/" + "x" * 500,
    ],
)
def test_no_path_leads_to_another_site(elsewhere: str | None) -> None:
    path = local_path(elsewhere)

    assert path == "/profile"


def test_a_front_end_is_told_the_attempt_and_keeps_its_own_parameters() -> None:
    address = with_attempt("https://front.example/back?tab=2&attempt=old#top", "QXR0")

    assert address == "https://front.example/back?tab=2&attempt=QXR0#top"
