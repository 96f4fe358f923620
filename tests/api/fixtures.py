"""Two organizations, every kind of caller, and a query for everything."""

from dataclasses import dataclass

from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from domain.models import Association, AssociationAttempt, Credit, Invitation, Member
from domain.operations.api_clients import NewApiKey
from domain.rules.enums import MemberRole, Scope
from domain.settings import Settings
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.factories import (
    make_api_client,
    make_association,
    make_credit,
    make_invitation,
    make_member,
    make_new_account,
    make_organization,
)

MCID = "991204737"
CALLERS = ("nobody", "member", "colleague", "admin", "foreign_admin", *Scope)


@dataclass(frozen=True)
class House:
    """Two organizations, the callers, and what belongs to the member."""

    callers: dict[str, Caller]
    member: Member
    association: Association
    attempt: AssociationAttempt
    credit: Credit
    invitation: Invitation
    keys: dict[Scope, NewApiKey]

    @property
    def ids(self) -> dict[str, str]:
        """Return the ids of the member's things."""
        return {
            "organization": global_id(Kind.ORGANIZATION, self.member.organization_id),
            "member": global_id(Kind.MEMBER, self.member.id),
            "account": global_id(Kind.LEARNING_ACCOUNT, self.association.learning_account_id),
            "association": global_id(Kind.ASSOCIATION, self.association.id),
            "attempt": global_id(Kind.ATTEMPT, self.attempt.id),
            "credit": global_id(Kind.CREDIT, self.credit.id),
            "invitation": global_id(Kind.INVITATION, self.invitation.id),
            "client": global_id(Kind.API_CLIENT, self.keys[Scope.REPORT_READ].api_client_id),
        }


async def make_house(client: AsyncClient, nobody: Caller, settings: Settings) -> House:
    """Write the organizations, and let everybody in; API clients are called as the one scope that each has."""
    contoso, fabrikam = await make_organization("Contoso"), await make_organization("Fabrikam")
    member, colleague = await make_member(contoso), await make_member(contoso)
    admin = await make_member(contoso, role=MemberRole.ACCOUNT_ADMIN)
    foreign = await make_member(fabrikam, role=MemberRole.GLOBAL_ADMIN)
    association = await make_association(member, profile_id=MCID)
    credit = await make_credit(association)
    attempt = await AssociationAttempt.get(association=association)
    invitation = await make_invitation(member)
    await make_new_account(member)
    people = {"member": member, "colleague": colleague, "admin": admin, "foreign_admin": foreign}
    callers = {name: await sign_in(client, person) for name, person in people.items()}
    keys = {scope: await make_api_client(contoso, scope, settings=settings) for scope in Scope}
    programs: dict[str, Caller] = {scope: Caller(client, bearer=key.secret) for scope, key in keys.items()}
    everybody = {"nobody": nobody, **callers, **programs}
    return House(everybody, member, association, attempt, credit, invitation, keys)


MEMBER_FIELDS = """id name workEmail role status newAccountSince organization { id name }
  associations { totalCount nodes { id learningAccount { profileId profileIdMasked } } }
  associationAllowance(provider: MICROSOFT_LEARN) { allowedNow
    knownAccounts { profileIdEnding allowedNow nextAvailableAt refusal { code message } } }
  credits { totalCount nodes { id } }
  invitation { id }"""
NODES = f"""query ($organization: ID!, $member: ID!, $account: ID!, $association: ID!, $attempt: ID!, $credit: ID!,
    $invitation: ID!, $client: ID!) {{
  organization(id: $organization) {{
    id name creditStatus {{ pending }} credits {{ totalCount }} skillsReport {{ totalCount }} }}
  administered: organization(id: $organization) {{
    nextRefreshDate members {{ totalCount }} invitations {{ totalCount }} apiClients {{ totalCount }} }}
  scored: organization(id: $organization) {{
    track attainments {{ edition }} forecast(until: "2026-12-31") {{ until }}
    fragility {{ attainment {{ edition }} }} }}
  programs {{ key }} certifications {{ totalCount }}
  invitation: node(id: $invitation) {{ ... on Invitation {{
    id invitedAt ageDays isBeingSent sentAt sendCount deliveryProblem resendAvailableAt respondedAt canceledAt signInUrl
    member {{ workEmail }} }} }}
  organizationNode: node(id: $organization) {{ id }}
  client: node(id: $client) {{ ... on ApiClient {{
    id name scopes createdAt createdBy {{ workEmail }} revokedAt lastUsedAt
    keys {{ prefix createdAt expiresAt endedAt lastUsedAt }} }} }}
  member: node(id: $member) {{ ... on Member {{ {MEMBER_FIELDS} }} }}
  account: node(id: $account) {{ ... on LearningAccount {{ id provider profileId profileIdMasked }} }}
  association: node(id: $association) {{ ... on Association {{
    id startedAt endedAt endReason transcriptReadAt transcriptProblem learningAccount {{ profileId profileIdMasked }}
    member {{ workEmail }} credits {{ totalCount }} }} }}
  attempt: node(id: $attempt) {{ ... on AssociationAttempt {{
    id provider status steps {{ name }} expiresAt movedFrom refusal {{ code }} association {{ id }} }} }}
  associationAttempt(id: $attempt) {{ id }}
  credit: node(id: $credit) {{ ... on Credit {{
    id status kind provider completedAt expiresAt recordedAt countsFrom countsUntil endReason ineligibleReason
    explanation {{ summary reasons {{ code }} countsFromEarliest }} contributions {{ program }} timeline {{ kind at }}
    certification {{ code title level }} member {{ name }} organization {{ name }} }} }}
}}"""
