"""An organization, its admins and members, and what admins can do there."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from domain.models import Invitation, Member
from domain.rules.enums import MemberRole, MemberStatus
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.clock import START
from tests.factories import make_invitation, make_member, make_new_account, make_organization

CALLERS = ("nobody", "member", "admin", "global_admin", "foreign_admin")
WAITING: dict[str, Any] = {"status": MemberStatus.INVITED, "subject": None, "activated_at": None}
INVITATION = """id ageDays isBeingSent sentAt sendCount deliveryProblem resendAvailableAt respondedAt canceledAt
  signInUrl member { id workEmail role status }"""
MUTATIONS = {
    "inviteMembers": f"""outcomes {{
        workEmail invitation {{ {INVITATION} }} refusal {{ __typename code message }} }}""",
    "resendInvitation": f"invitation {{ {INVITATION} }}",
    "correctInvitation": f"invitation {{ {INVITATION} }}",
    "cancelInvitation": f"invitation {{ {INVITATION} }}",
    "changeMemberRole": "member { id role }",
    "confirmWorkAccount": "member { id newAccountSince }",
    "removeMember": "member { id status } associationsEnded creditsCanceled creditsCountingOn refreshDate",
}
SUCCESSES = {
    "inviteMembers": "MembersInvited",
    "resendInvitation": "InvitationResent",
    "correctInvitation": "InvitationCorrected",
    "cancelInvitation": "InvitationCanceled",
    "changeMemberRole": "MemberRoleChanged",
    "confirmWorkAccount": "WorkAccountDecided",
    "removeMember": "MemberRemoved",
}


@dataclass(frozen=True)
class House:
    """An organization with a member and somebody invited, and everybody who may ask."""

    callers: dict[str, Caller]
    admin: Member
    member: Member
    invitation: Invitation

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """Return what each mutation is asked."""
        invitation = {"invitationId": global_id(Kind.INVITATION, self.invitation.id)}
        member = {"memberId": global_id(Kind.MEMBER, self.member.id)}
        return {
            "inviteMembers": {"members": [{"workEmail": "new@contoso.example"}]},
            "correctInvitation": invitation | {"workEmail": "other@contoso.example"},
            "resendInvitation": invitation,
            "cancelInvitation": invitation,
            "changeMemberRole": member | {"role": "ACCOUNT_ADMIN"},
            "confirmWorkAccount": member | {"isSamePerson": True},
            "removeMember": member,
        }

    async def do(self, caller: str, mutation: str, **changes: Any) -> dict[str, Any]:
        """Run a mutation and return its result."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"""mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ __typename
            ... on {SUCCESSES[mutation]} {{ {MUTATIONS[mutation]} }} ... on Refusal {{ code message }}
            {"... on ResentTooSoon { nextAvailableAt }" if mutation == "resendInvitation" else ""} }} }}"""
        data = await self.callers[caller].ask(query, input=self.inputs[mutation] | changes)
        result: dict[str, Any] = data[mutation]
        return result


async def make_house(client: AsyncClient, nobody: Caller) -> House:
    """Write the organization and its people."""
    contoso, fabrikam = await make_organization("Contoso"), await make_organization("Fabrikam")
    admin = await make_member(contoso, role=MemberRole.ACCOUNT_ADMIN)
    people = {
        "member": await make_member(contoso),
        "admin": admin,
        "global_admin": await make_member(contoso, role=MemberRole.GLOBAL_ADMIN),
        "foreign_admin": await make_member(fabrikam, role=MemberRole.GLOBAL_ADMIN),
    }
    invited = await make_member(
        contoso, work_email="amara.osei@contoso.example", name=None, invited_at=START - timedelta(days=9), **WAITING
    )
    await make_new_account(people["member"])
    callers = {name: await sign_in(client, person) for name, person in people.items()}
    return House({"nobody": nobody, **callers}, admin, people["member"], await make_invitation(invited))
