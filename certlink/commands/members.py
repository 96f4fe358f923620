"""Commands about an organization's members."""

from typing import Annotated

import typer

from certlink.clock import programme_clock
from certlink.commands.runner import DEFAULT_DATA, Data, Domain, Json, print_result, run
from certlink.readiness import FAILED
from domain.operations.invitations import InvitationOutcome, Invitee, invite_members
from domain.operations.members import change_member_role, remove_member
from domain.queries.organizations import MemberSummary, member_id_of, members_of_domain, operator_of
from domain.rules.credit_interval import refresh_date
from domain.rules.enums import DeliveryProblem, MemberRole
from domain.settings import Settings

WorkEmail = Annotated[str, typer.Argument(help="The member's work e-mail.")]


DELIVERY_PROBLEMS = {
    DeliveryProblem.NOT_SET_UP: "not sent: no mail server is set up",
    DeliveryProblem.REFUSED: "not sent: the mail server refuses the address",
    DeliveryProblem.UNREACHABLE: "not sent: the mail server could not be reached",
}

member_commands = typer.Typer(help="Invite, list, change and remove members.", no_args_is_help=True)


@member_commands.command("invite")
def invite(
    domain: Domain,
    work_emails: Annotated[list[str], typer.Argument(metavar="WORK_EMAIL...", help="The people's work e-mails.")],
    role: Annotated[MemberRole, typer.Option(help="What they may do.")] = MemberRole.MEMBER,
    data: Data = DEFAULT_DATA,
) -> None:
    """Invite people; their first sign-in with the address makes them members."""

    async def work(settings: Settings) -> tuple[list[InvitationOutcome], Settings]:
        outcomes = await invite_members(
            by=await operator_of(domain),
            invitees=[Invitee(work_email=work_email, role=role) for work_email in work_emails],
            now=programme_clock(settings)(),
            settings=settings,
        )
        return outcomes, settings

    outcomes, settings = run(work, data)
    for outcome in outcomes:
        result = f"not invited: {outcome.refusal.message}" if outcome.refusal else f"member {outcome.member_id}"
        print(f"{outcome.work_email}\t{result}")
    if settings.mail_server is None:
        print(f"no mail server is set up: tell them to sign in at {settings.sign_in_url}")
    raise typer.Exit(FAILED if any(outcome.refusal for outcome in outcomes) else 0)


@member_commands.command("list")
def list_members(domain: Domain, as_json: Json = False, data: Data = DEFAULT_DATA) -> None:
    """List an organization's members who are invited or active."""

    async def work(_: Settings) -> list[MemberSummary]:
        return await members_of_domain(await operator_of(domain))

    rows = run(work, data)
    problems = {row.id: DELIVERY_PROBLEMS[row.delivery_problem] for row in rows if row.delivery_problem}
    lines = (
        f"{row.work_email}\t{row.name or ''}\t{row.role}\t{row.status}\t{problems.get(row.id, '')}" for row in rows
    )
    print_result(rows, map(str.rstrip, lines), as_json=as_json)


@member_commands.command("role")
def change_role(
    domain: Domain,
    work_email: WorkEmail,
    role: Annotated[MemberRole, typer.Argument(help="What they may do.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Give a member another role; the last active admin keeps theirs."""

    async def work(settings: Settings) -> None:
        operator = await operator_of(domain)
        member_id = await member_id_of(operator, work_email)
        await change_member_role(by=operator, member_id=member_id, role=role, now=programme_clock(settings)())

    run(work, data)
    print(f"{work_email}\t{role}")


@member_commands.command("remove")
def remove(domain: Domain, work_email: WorkEmail, data: Data = DEFAULT_DATA) -> None:
    """Remove a member: access ends at once, and what counts counts on until the refresh date."""

    async def work(settings: Settings) -> str:
        operator = await operator_of(domain)
        member_id = await member_id_of(operator, work_email)
        ended = await remove_member(by=operator, member_id=member_id, now=programme_clock(settings)())
        return (
            f"{work_email}\tremoved; {ended.credits.canceled} credits canceled, {ended.credits.counting_on} count on "
            f"until {refresh_date(ended.left_at)} at the latest"
        )

    print(run(work, data))
