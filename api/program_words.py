"""How does GraphQL name and describe the words of programs, attainments and explanations?"""

from api.words import describe
from domain.rules.words import (
    CreditReasonCode,
    ForecastCauseKind,
    Metric,
    NoPointsReason,
    ProgramKind,
    ReasonActor,
    RequirementRole,
    RetirementRule,
    TimelineKind,
    Track,
    TrackRule,
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
