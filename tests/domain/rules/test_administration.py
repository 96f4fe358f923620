"""Rights to administer members."""

import pytest

from domain.errors import Forbidden
from domain.rules.administration import LastAdmin, check_admin_stays, check_may_administer
from domain.rules.enums import MemberRole

MEMBER, ACCOUNT_ADMIN, GLOBAL_ADMIN = MemberRole


@pytest.mark.parametrize(
    ("own", "others", "allowed"),
    [
        (MEMBER, [MEMBER], False),
        (MEMBER, [], False),
        (ACCOUNT_ADMIN, [MEMBER, ACCOUNT_ADMIN], True),
        (ACCOUNT_ADMIN, [GLOBAL_ADMIN], False),
        (ACCOUNT_ADMIN, [MEMBER, GLOBAL_ADMIN], False),
        (GLOBAL_ADMIN, [MEMBER, ACCOUNT_ADMIN, GLOBAL_ADMIN], True),
    ],
)
def test_only_a_global_admin_makes_changes_or_removes_a_global_admin(
    own: MemberRole, others: list[MemberRole], allowed: bool
) -> None:
    if allowed:
        check_may_administer(own, *others)
    else:
        with pytest.raises(Forbidden):
            check_may_administer(own, *others)


@pytest.mark.parametrize("is_active_admin", [False, True])
@pytest.mark.parametrize("stays_admin", [False, True])
@pytest.mark.parametrize("others", [0, 1])
def test_only_the_last_active_admin_cannot_go(is_active_admin: bool, stays_admin: bool, others: int) -> None:
    is_refused = is_active_admin and not stays_admin and others == 0

    if is_refused:
        with pytest.raises(LastAdmin):
            check_admin_stays(is_active_admin=True, stays_admin=False, other_active_admins=0)
    else:
        check_admin_stays(is_active_admin=is_active_admin, stays_admin=stays_admin, other_active_admins=others)
