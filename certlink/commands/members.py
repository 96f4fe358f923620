"""Commands about an organization's members."""

from typing import Annotated

import typer

from api.instants import instant_text
from certlink.clock import programme_clock
from certlink.commands.runner import DEFAULT_DATA, Data, Domain, Json, instant_option, print_result, run
from certlink.readiness import FAILED
from domain.operations.invitations import InvitationOutcome, Invitee, invite_members
from domain.operations.members import change_member_role, decide_replacement, remove_member
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
    """List an organization's members who are invited or active, and whose new work account waits."""

    async def work(_: Settings) -> list[MemberSummary]:
        return await members_of_domain(await operator_of(domain))

    rows = run(work, data)
    lines = (f"{row.work_email}\t{row.name or ''}\t{row.role}\t{row.status}\t{_note(row)}" for row in rows)
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


@member_commands.command("account")
def decide_on_account(
    work_email: WorkEmail,
    organization: Annotated[str, typer.Option(help="The organization's mail domain, such as contoso.example.")],
    is_same_person: Annotated[
        bool, typer.Option("--confirm/--refuse", help="Whether the new work account is the same person's.")
    ],
    since: Annotated[str, typer.Option(help="Since when the right account waits, where several do.")] = "",
    data: Data = DEFAULT_DATA,
) -> None:
    """Bind a member to the new work account that they signed in with, in place of the old one, or refuse it."""
    requested_at = instant_option(since)

    async def work(settings: Settings) -> None:
        operator = await operator_of(organization)
        member_id = await member_id_of(operator, work_email)
        await decide_replacement(
            by=operator,
            member_id=member_id,
            is_same_person=is_same_person,
            requested_at=requested_at,
            now=programme_clock(settings)(),
        )

    run(work, data)
    print(f"{work_email}\t{'the new account is theirs' if is_same_person else 'the new account is refused'}")


def _note(row: MemberSummary) -> str:
    if row.delivery_problem:
        return DELIVERY_PROBLEMS[row.delivery_problem]
    return f"a new work account waits since {instant_text(row.new_account_since)}" if row.new_account_since else ""
