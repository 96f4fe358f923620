"""How does GraphQL name and describe the programme's words?

The words themselves are the domain's; a word without a description here stops the process from starting.
"""

from collections.abc import Mapping
from enum import StrEnum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from domain.rules.enums import (
    AssociationEndReason,
    AttemptStatus,
    AttemptStep,
    CertificationLevel,
    CompletionKind,
    CreditEndReason,
    CreditEventKind,
    CreditOrderField,
    CreditReasonCode,
    CreditStatus,
    DeliveryProblem,
    ForecastCauseKind,
    IneligibleReason,
    LearningProvider,
    MemberRole,
    MemberStatus,
    Metric,
    NoPointsReason,
    OrderDirection,
    ProgramKind,
    ReasonActor,
    RequirementRole,
    RetirementRule,
    Scope,
    TimelineKind,
    Track,
    TrackRule,
    TranscriptProblem,
)


def describe(words: type[StrEnum], description: str, values: Mapping[str, str], *, name: str | None = None) -> None:
    """Make the domain's words an enum of the schema, each value with its sentence."""
    strawberry.enum(words, name=name, description=description)
    definition: StrawberryEnumDefinition = words.__strawberry_definition__  # type: ignore[attr-defined]
    assert {value.name for value in definition.values} == set(values), words
    for value in definition.values:
        value.description = values[value.name]


describe(
    LearningProvider,
    "Who teaches, examines and records completions.",
    {
        "MICROSOFT_LEARN": "Microsoft Learn: certifications; an account's id there is the MCID.",
        "PARTNER_UNIVERSITY": "Partner University: assessments and trainings.",
    },
)
describe(
    MemberRole,
    "What a member may do in the organization.",
    {
        "MEMBER": "Sees and manages their own accounts only.",
        "ACCOUNT_ADMIN": "An admin: may also invite and remove members and see the organization's credits.",
        "GLOBAL_ADMIN": "An admin: may also invite and remove members and see the organization's credits.",
    },
)
describe(
    Scope,
    "What of its organization an API client may read; an admin may read all of it.",
    {
        "CREDITS_READ": "credits:read: everybody's credits, their counts, and the people whose they are.",
        "MEMBERS_READ": "members:read: members, invitations and associations; of an MCID the last three digits.",
        "REPORT_READ": "report:read: the skills report and its exports.",
        "ATTAINMENTS_READ": "attainments:read: attainments, forecast and fragility, and the people they name.",
    },
)
describe(
    MemberStatus,
    "Where a member is between invitation and leaving.",
    {
        "INVITED": "Invited, and not signed in yet.",
        "ACTIVE": "Has signed in with the work account that was invited.",
        "REMOVED": "Has left the organization, and has no access any more.",
    },
)
describe(
    DeliveryProblem,
    "Why the message of an invitation did not go out.",
    {
        "NOT_SET_UP": "No mail server is set up here: pass the sign-in address on yourself.",
        "REFUSED": "The mail server refuses the address or the message: correct the address.",
        "UNREACHABLE": "The mail server could not be reached in several tries: send the invitation again later.",
    },
)
describe(
    AssociationEndReason,
    "Why an association ended.",
    {
        "REMOVED": "The member removed it.",
        "MOVED": "The person associated the learning account with another organization.",
        "MEMBER_REMOVED": "The member left the organization.",
    },
)
describe(
    AttemptStatus,
    "How far an association attempt has come.",
    {
        "AWAITING_SIGN_IN": "The person has not come back from the learning provider yet.",
        "RECEIVED": "The provider's answer is kept, and waits for a worker.",
        "PROCESSING": "A worker reads the profile and the transcript.",
        "ASSOCIATED": "Final: the account is associated.",
        "REFUSED": "Final: the programme's rules or the provider refused; nothing was changed.",
        "EXPIRED": "Final: the person did not come back in time; nothing was changed.",
        "FAILED": "Final: the provider could not be reached, or a fault stopped it; nothing was changed.",
    },
    name="AssociationAttemptStatus",
)
describe(
    AttemptStep,
    "What has been done for an association attempt, in this order.",
    {
        "SIGNED_IN": "The person came back from the provider's sign-in.",
        "PROFILE_FOUND": "The provider told whose account it is.",
        "UNLINKED_ELSEWHERE": "The account's association with another organization was ended.",
        "LINKED": "The association was started.",
        "IMPORTED": "The completions were recorded, and credits are on their way.",
    },
    name="AttemptStepName",
)
describe(
    TranscriptProblem,
    "Why the transcript of an active association is not read again every night.",
    {
        "SIGN_IN_AGAIN": "The provider no longer accepts the person's permission: they have to sign in there again.",
        "PROVIDER_UNAVAILABLE": "The provider does not answer, or nothing usable; it is asked again by itself.",
        "NO_PERMISSION": "The provider gives no lasting permission: it is read only when the person signs in.",
    },
)
describe(
    CompletionKind,
    "What kind of thing an account earned.",
    {
        "CERTIFICATION": "A certification, earned by one or more exams.",
        "ASSESSMENT": "An assessment, passed.",
        "TRAINING": "A training, completed.",
    },
)
describe(
    CreditStatus,
    "What a credit is at an instant.",
    {
        "PENDING": "Does not count yet: `countsFrom` lies ahead.",
        "COUNTING": "Counts for the organization.",
        "ENDED": "Counts no more: `countsUntil` is over, and `endReason` says why.",
        "INELIGIBLE": "Never counts; `ineligibleReason` says why.",
    },
)
describe(
    CreditEndReason,
    "Why a credit stops counting.",
    {
        "EXPIRED": "The completion is valid until then.",
        "REVOKED": "The learning provider revoked the completion.",
        "RETIRED": "The certification is retired, and the catalog lets it count until then.",
        "REMOVED": "The member removed the association.",
        "MOVED": "The person associated the learning account with another organization.",
        "MEMBER_REMOVED": "The member left: what counted counts on until the refresh date, the rest is canceled.",
    },
)
describe(
    IneligibleReason,
    "Why a completion never counts.",
    {
        "EXPIRED_BEFORE_ASSOCIATION": "It had expired when the association started.",
        "REVOKED_BEFORE_ASSOCIATION": "It had been revoked when the association started.",
        "NOT_IN_CATALOG": "The programme's catalog does not have the certification.",
        "RETIRED": "The certification had retired.",
    },
)
describe(
    CertificationLevel,
    "How deep a certification goes; it decides how long it is valid.",
    {
        "FUNDAMENTALS": "Fundamentals: does not expire.",
        "ASSOCIATE": "Associate: renewed every year.",
        "EXPERT": "Expert: renewed every year.",
        "SPECIALTY": "Specialty: renewed every year.",
        "OTHER": "Anything else, such as assessments and trainings.",
    },
)
describe(
    CreditEventKind,
    "What took effect for a credit.",
    {"COUNTED": "It began to count.", "ENDED": "It ended, or was ended before it could count."},
)
describe(
    CreditOrderField,
    "By what a list of credits can be ordered; those that are equal by age, in the same direction.",
    {
        "PERSON": "By the person's name, whatever its case, or work e-mail where no name is known.",
        "CERTIFICATION": "By the certification's code.",
        "COMPLETED_AT": "By when it was earned.",
        "COUNTS_FROM": "By when it begins to count; what never does comes latest.",
        "EXPIRES_AT": "By until when it is valid; what does not expire comes latest.",
        "STATUS": "By how far it is: pending, counting, ended, ineligible.",
    },
)
describe(
    OrderDirection,
    "In which direction a list is ordered.",
    {
        "ASCENDING": "From A to Z, from the earliest to the latest.",
        "DESCENDING": "From Z to A, from the latest to the earliest.",
    },
)

describe(
    Track,
    "By which of a program's measures an organization is scored.",
    {
        "ENTERPRISE": "By those for large customers.",
        "SMB": "By those for small and medium-sized customers.",
        "ALL": "By the only ones: the program has the same for everybody.",
    },
)
describe(
    Metric,
    "What a program scores.",
    {
        "NET_CUSTOMER_ADDS": "New customers; certlink does not know them.",
        "SKILLING_INTERMEDIATE": "People with intermediate certifications.",
        "SKILLING_ADVANCED": "People with advanced certifications.",
        "USAGE_GROWTH": "Growth of usage; certlink does not know it.",
        "DEPLOYMENTS": "Deployments; certlink does not know them.",
        "KNOWLEDGE": "People with the certifications that a specialization asks for.",
    },
)
describe(
    RequirementRole,
    "What a requirement does in its metric.",
    {
        "GATE": "So many people are needed before anything after it gives points.",
        "ELECTIVE": "Each person gives points, up to the people needed, once every gate before it is met.",
        "GROUP": "So many people with any of these certifications.",
        "DISTINCT_PEOPLE": "So many different people over all groups.",
        "DESIGNATION": "Any of these designations must be attained.",
    },
)
describe(
    NoPointsReason,
    "Why a certification that a requirement asks for gives it no points.",
    {
        "PENDING": "It does not count yet.",
        "GATE_UNMET": "A gate before it is not met.",
        "MORE_PEOPLE_NEEDED": "It counts, but the gate gives its points only with more people.",
        "CAP_REACHED": "The requirement has all the people that it needs.",
        "ALREADY_COUNTED": "The person counts already for this requirement, by another certification.",
    },
)
describe(
    ProgramKind,
    "What kind of thing an organization attains.",
    {
        "DESIGNATION": "A Solutions Partner designation, scored in points.",
        "SPECIALIZATION": "A specialization, which demands all of its requirements.",
    },
)
describe(
    TrackRule,
    "How an organization's track in a program is found.",
    {
        "BY_SETTING": "The organization says which it is; where it does not, each is shown.",
        "HIGHER_TOTAL": "Both are scored, and the higher total counts.",
    },
)
describe(
    RetirementRule,
    "What a certification's retirement does to completions.",
    {
        "ELIGIBLE_UNTIL": "It counts until a date, for everybody.",
        "ONE_YEAR_IF_EARNED_BEFORE": "It counts as long as it is valid if it was earned before.",
    },
)
describe(
    CreditReasonCode,
    "What must hold for a credit to count and to give points, named by what is the matter where it does not hold.",
    {
        "NOT_ASSOCIATED": "The learning account must be associated with the organization.",
        "ASSOCIATION_REMOVED": "The person must not have removed the association.",
        "ASSOCIATION_MOVED": "The person must not have associated the account with another organization.",
        "MEMBER_REMOVED": "The member must not have left; what counted counts on until the refresh date.",
        "NOT_IN_CATALOG": "The catalog must have the certification.",
        "RETIRED": "The certification must not have retired.",
        "EXPIRED_BEFORE_ASSOCIATION": "It must not have expired before the association started.",
        "REVOKED_BEFORE_ASSOCIATION": "It must not have been revoked before the association started.",
        "EXPIRED": "It must not have expired.",
        "REVOKED": "The learning provider must not have revoked it.",
        "WAITING": "The days from the completion or the association until it counts must be over.",
        "GATE_UNMET": "For points: a gate before the requirement must be met.",
        "MORE_PEOPLE_NEEDED": "For points: the gate must have all the people that it needs.",
        "CAP_REACHED": "For points: the requirement must need more people than it has.",
        "ALREADY_COUNTED": "For points: the person must not count for the requirement by another certification.",
    },
)
describe(
    ReasonActor,
    "Who can do something about a reason.",
    {
        "PERSON": "The person who earned it.",
        "ADMIN": "An admin of the organization.",
        "NOBODY": "Nobody can, or needs to.",
    },
)
describe(
    TimelineKind,
    "What happens in the life of a credit.",
    {
        "COMPLETED": "It was earned.",
        "ASSOCIATED": "The association started.",
        "RECORDED": "certlink learned of it.",
        "DUE": "Its days of waiting are over.",
        "COUNTED": "It begins to count.",
        "RENEWAL_OPENS": "It can be renewed from then on.",
        "ENDED": "It counts no longer, for `endReason`.",
    },
)
describe(
    ForecastCauseKind,
    "Why an attainment can change on a day.",
    {
        "EDITION_CHANGE": "Other requirements come into force.",
        "CREDIT_DUE": "A credit begins to count.",
        "EXPIRY": "A credit ends since its completion expires.",
        "REVOCATION": "A credit ends since the learning provider revokes its completion.",
        "RETIREMENT": "A credit ends since its certification retires.",
        "REFRESH_DATE": "A credit ends since its member has left.",
        "ASSOCIATION_END": "A credit ends since its association does.",
    },
)
