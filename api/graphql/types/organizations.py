"""The organization, which only its own members and API clients see."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.filters import MAX_PERSON_LENGTH, checked_text
from api.graphql.context import Info
from api.graphql.fields import AsOf, field, none_if_unset
from api.graphql.ids import Kind, Node, global_id, program_key
from api.graphql.pagination.connections import (
    Connection,
    ListAsOf,
    PageArguments,
    connection,
    connection_field,
    organization_page,
)
from api.graphql.scorings import contributions_of_members, scorings_of
from api.graphql.selection import selects
from api.graphql.types.api_clients import ApiClient, api_client_of
from api.graphql.types.attainments import Attainment, attainment_of
from api.graphql.types.credits import Credit, CreditFilterArgument, checked_credit_filter, credits_connection
from api.graphql.types.forecasts import Forecast, FragilityFinding, NamesById, forecast_of
from api.graphql.types.from_row import from_row
from api.graphql.types.invitations import Invitation, invitation_of
from api.graphql.types.present import Member, member_of
from api.graphql.types.skills_report import (
    ListOrder,
    ReportFilter,
    ReportOrder,
    SkillsReportConnection,
    checked_report_filter,
    order_of,
    report_connection,
)
from domain.queries import members as queries
from domain.queries.api_clients import api_clients_of_organization
from domain.queries.attainments import AttainmentsAt, ForecastUntil, FragilityAt, may_be_scored_for
from domain.queries.catalog import certifications_by_code
from domain.queries.contributions import CreditContributions
from domain.queries.credits import credit_status_summary, credits_of_organization
from domain.queries.invitations import OLDEST_FIRST, invitations_of_organization
from domain.queries.members import OfMember, OrganizationRow, members_by_id
from domain.queries.skills_report import DEFAULT_ORDER, skills_report
from domain.rules.attainment import Holding
from domain.rules.credit_interval import next_refresh_date
from domain.rules.enums import MemberRole, MemberStatus, ProgramKind, Track
from domain.rules.visibility import Viewer

ProgramKindArgument = Annotated[
    ProgramKind | None, strawberry.argument(name="kind", description="Only programs of this kind; both by default.")
]
Until = Annotated[date, strawberry.argument(description="The last day, at most five years ahead.")]
ProgramId = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only what one program depends on; all programs by default.")
]


@strawberry.input(description="Which members are wanted; what is left out does not restrict.")
class MemberFilter:
    statuses: list[MemberStatus] | None = strawberry.field(
        default=UNSET, description="Only members with one of these statuses."
    )
    roles: list[MemberRole] | None = strawberry.field(
        default=UNSET, description="Only members with one of these roles."
    )
    text: str | None = strawberry.field(
        default=UNSET, description="Only members whose name or work e-mail has this text in it, in any case."
    )


MemberFilterArgument = Annotated[
    MemberFilter | None, strawberry.argument(name="filter", description="Which members are wanted; all by default.")
]
WithoutResponse = Annotated[
    bool | None,
    strawberry.argument(
        description="true: only invitations that wait for their person; false: only those that somebody answered; "
        "all by default, canceled ones too."
    ),
]


@strawberry.type(description="How many of an organization's credits are in which state at an instant.")
class CreditStatusSummary:
    pending: int = strawberry.field(description="Credits that do not count yet.")
    counting: int = strawberry.field(description="Credits that count.")
    ended: int = strawberry.field(description="Credits that count no more.")
    ending_soon: int = strawberry.field(description="Credits that count and end within 60 days of the instant.")
    overdue: int = strawberry.field(
        description="Credits whose change was due more than 60 seconds ago, by the present, and is not recorded yet."
    )
    next_due_at: datetime | None = strawberry.field(
        description="When the next pending credit begins to count; null when none is pending."
    )
    as_of: datetime = strawberry.field(description="The instant asked for.")


# Bases of the organization, so that the schema keeps the order of its fields: in one class the attributes, such as the
# name, would come before these.
@strawberry.type
class OrganizationMembers:
    row_id: strawberry.Private[int]

    @connection_field(
        "The organization's members, the latest invited first; null unless an admin or an API client with the scope "
        "MEMBERS_READ asks."
    )
    async def members(
        self, info: Info, arguments: PageArguments, filter_: MemberFilterArgument = UNSET
    ) -> Connection[Member] | None:
        requested = filter_ or MemberFilter()
        matching = queries.MemberFilter(
            statuses=tuple(requested.statuses) if isinstance(requested.statuses, list) else None,
            roles=tuple(requested.roles) if isinstance(requested.roles, list) else None,
            text=checked_text(
                requested.text or None, max_length=MAX_PERSON_LENGTH, refusal="This is no part of a name or address."
            ),
        )
        request = arguments.request(info, of=self.row_id)
        page = await organization_page(info, queries.members_of_organization, self.row_id, request, matching=matching)
        return connection(page, request, node=member_of) if page else None

    @connection_field(
        "The organization's invitations, the oldest first; null unless an admin or an API client with the scope "
        "MEMBERS_READ asks."
    )
    async def invitations(
        self, info: Info, arguments: PageArguments, without_response: WithoutResponse = UNSET
    ) -> Connection[Invitation] | None:
        request = arguments.request(info, of=self.row_id, order=OLDEST_FIRST)
        page = await organization_page(
            info, invitations_of_organization, self.row_id, request, without_response=none_if_unset(without_response)
        )
        return connection(page, request, node=lambda row: invitation_of(row, info.context)) if page else None

    @field("The next 10th of a month, in UTC: at its beginning the credits of those who left the month before end.")
    def next_refresh_date(self, info: Info) -> date:
        return next_refresh_date(info.context.now)

    @connection_field(
        "The organization's API clients, revoked ones too, the latest created first; null unless an admin asks."
    )
    async def api_clients(self, info: Info, arguments: PageArguments) -> Connection[ApiClient] | None:
        request = arguments.request(info, of=self.row_id)
        page = await organization_page(info, api_clients_of_organization, self.row_id, request)
        return connection(page, request, node=api_client_of) if page else None


@strawberry.type
class OrganizationPrograms:
    row_id: strawberry.Private[int]

    @field(
        "How far the organization is in each program whose requirements are published; null unless an admin or an API "
        "client with the scope ATTAINMENTS_READ asks."
    )
    async def attainments(
        self, info: Info, as_of: AsOf = UNSET, kind: ProgramKindArgument = UNSET
    ) -> list[Attainment] | None:
        context = info.context
        if context.viewer is None or not may_be_scored_for(context.viewer, self.row_id):
            return None
        attainments = await scorings_of(self.row_id, info).score(AttainmentsAt(at=as_of or context.now))
        requested = none_if_unset(kind)
        return [attainment_of(row) for row in attainments if requested in {None, row.program.kind}]

    @field(
        "What changes by itself until the end of a day, and what comes of it; null unless an admin or an API client "
        "with the scope ATTAINMENTS_READ asks."
    )
    async def forecast(self, info: Info, until: Until, program_id: ProgramId = UNSET) -> Forecast | None:
        context = info.context
        if context.viewer is None or not may_be_scored_for(context.viewer, self.row_id):
            return None
        identifier = none_if_unset(program_id)
        # What is no program's id is refused like that of an unknown program: no program's key is empty.
        program = None if identifier is None else program_key(identifier) or ""
        scoring = ForecastUntil(after=context.now, until=until, program=program)
        # Before the scoring is paid: a day that is refused costs nothing.
        scoring.check()
        forecast = await scorings_of(self.row_id, info).score(scoring)
        credits = [cause.credit for step in forecast.steps for cause in step.causes if cause.credit is not None]
        return forecast_of(forecast, await _names(info, context.viewer, credits))

    @field(
        "What each attained program depends on, and whom it can do without; null unless an admin or an API client with "
        "the scope ATTAINMENTS_READ asks."
    )
    async def fragility(self, info: Info, as_of: AsOf = UNSET) -> list[FragilityFinding] | None:
        context = info.context
        if context.viewer is None or not may_be_scored_for(context.viewer, self.row_id):
            return None
        findings = await scorings_of(self.row_id, info).score(FragilityAt(at=as_of or context.now))
        people = {int(person) for finding in findings for person in finding.people}
        credits = [credit for finding in findings for credit in finding.credits]
        names = await _names(info, context.viewer, credits, people)
        return [FragilityFinding(row=finding, names=names) for finding in findings]


@strawberry.type(description="A partner company that can be credited.")
class Organization(OrganizationPrograms, OrganizationMembers, Node):
    name: str = strawberry.field(description="The company's name.")
    track: Track | None = strawberry.field(
        description="The track on which it is scored where a program has a choice; null where it has not said."
    )

    @field(
        "How many credits are in which state at an instant; null unless an admin or an API client with the "
        "scope CREDITS_READ asks."
    )
    async def credit_status(self, info: Info, as_of: AsOf = UNSET) -> CreditStatusSummary | None:
        context = info.context
        if context.viewer is None:
            return None
        row = await context.loaders.load_once(
            info, credit_status_summary, context.viewer, as_of=as_of or context.now, now=context.now
        )
        return from_row(CreditStatusSummary, row) if row else None

    @connection_field(
        "Everybody's credits, the latest recorded first; null unless an admin or an API client with the scope "
        "CREDITS_READ asks."
    )
    async def credits(
        self,
        info: Info,
        arguments: PageArguments,
        filter_: CreditFilterArgument = UNSET,
        order_by: ListOrder = UNSET,
        as_of: ListAsOf = UNSET,
    ) -> Connection[Credit] | None:
        request, at = arguments.request_as_of(info, as_of, of=self.row_id, order=order_of(order_by))
        page = await organization_page(
            info, credits_of_organization, self.row_id, request, matching=checked_credit_filter(filter_), as_of=at
        )
        return await credits_connection(page, request, info) if page else None

    @connection_field(
        "The organization's credits with their people, as of an instant; null unless an admin or an API client with "
        "the scope REPORT_READ asks."
    )
    async def skills_report(
        self,
        info: Info,
        arguments: PageArguments,
        filter_: ReportFilter = UNSET,
        order_by: ReportOrder = UNSET,
        as_of: ListAsOf = UNSET,
    ) -> SkillsReportConnection | None:
        request, at = arguments.request_as_of(info, as_of, of=self.row_id, order=order_of(order_by) or DEFAULT_ORDER)
        page = await organization_page(
            info, skills_report, self.row_id, request, matching=checked_report_filter(filter_), as_of=at
        )
        if page is None:
            return None
        contributions: CreditContributions = {}
        # The costliest column: it scores the whole organization, so only who selects it waits for it.
        if selects(info, "nodes", "contributions") or selects(info, "edges", "node", "contributions"):
            member_ids = frozenset(row.member_id for row in page.rows)
            contributions = await contributions_of_members(info, self.row_id, member_ids, as_of=at)
        return report_connection(page, request, contributions, as_of=at)


def organization_of(row: OrganizationRow | OfMember) -> Organization:
    # A row of a list brings its organization along, so that a nested organization costs no statement.
    if isinstance(row, OrganizationRow):
        return from_row(Organization, row, id=global_id(Kind.ORGANIZATION, row.id), row_id=row.id)
    return Organization(
        id=global_id(Kind.ORGANIZATION, row.organization_id),
        row_id=row.organization_id,
        name=row.organization_name,
        track=row.organization_track,
    )


async def _names(info: Info, viewer: Viewer, credits: Sequence[Holding], people: Iterable[int] = ()) -> NamesById:
    loaders = info.context.loaders
    member_ids = frozenset(int(credit.person) for credit in credits).union(people)
    codes = frozenset(credit.certification for credit in credits)
    rows = await loaders.load_once(info, members_by_id, viewer, member_ids)
    return NamesById(
        members={member_id: member_of(row) for member_id, row in rows.items()},
        certifications=await loaders.load_once(info, certifications_by_code, codes),
    )
