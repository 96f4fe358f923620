"""The operator is shown when our secrets and keys expire at an issuer."""

import json
from datetime import timedelta

import pytest

from certlink.clock import real_now
from tests.certlink.conftest import Command


@pytest.mark.parametrize(
    ("days", "warning"),
    [(31, None), (29, "the last secret or key expires on "), (-1, "the last secret or key expired on ")],
)
async def test_an_expiry_is_shown_with_a_warning_from_30_days_before_on(
    certlink: Command, contoso: str, monkeypatch: pytest.MonkeyPatch, days: int, warning: str | None
) -> None:
    monkeypatch.setenv("CERTLINK_CLIENT_SECRET", "secret")
    at = (real_now() + timedelta(days=days)).replace(microsecond=0)
    instant = at.strftime("%Y-%m-%dT%H:%M:%SZ")

    changed = await certlink("organization", "client", contoso, "--expires-at", instant)
    shown = await certlink("organization", "show", contoso)
    (issuer,) = json.loads((await certlink("organization", "show", contoso, "--json")).stdout)["issuers"]

    assert changed.exit_code == 0, changed.output
    assert issuer["credentials"] == [f"secret, expires {instant}"]
    expected = warning and f"{warning}{instant}: set another by `certlink organization client`"
    assert issuer["credentialWarning"] == expected
    assert f"credential warning\t{expected or '-'}\n" in shown.stdout
