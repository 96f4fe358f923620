"""Enums of the programme, each member with its description."""

from enum import StrEnum
from typing import Self


# The API shows the descriptions to clients as they stand here.
class DescribedEnum(StrEnum):
    """Text whose members have descriptions; the first paragraph of the class's docstring describes the enum."""

    description: str

    def __new__(cls, value: str, description: str = "") -> Self:
        # The default is for the type checker alone, which takes `MemberRole("MEMBER")` for a call of this.
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member


class LearningProvider(DescribedEnum):
    """Who teaches, examines and records completions."""

    MICROSOFT_LEARN = "MICROSOFT_LEARN", "Microsoft Learn: certifications; an account's id there is the MCID."
    PARTNER_UNIVERSITY = "PARTNER_UNIVERSITY", "Partner University: assessments and trainings."

    @property
    def display_name(self) -> str:
        return self.value.replace("_", " ").title()

    @property
    def slug(self) -> str:
        return self.value.replace("_", "-").lower()


class MemberRole(DescribedEnum):
    """What a member may do in the organization."""

    MEMBER = "MEMBER", "Sees and manages their own accounts only."
    ACCOUNT_ADMIN = "ACCOUNT_ADMIN", "An admin: may also invite and remove members and see the organization's credits."
    GLOBAL_ADMIN = "GLOBAL_ADMIN", "An admin: may also invite and remove members and see the organization's credits."

    @property
    def is_admin(self) -> bool:
        return self is not MemberRole.MEMBER


# Rule R17.
class Scope(DescribedEnum):
    """What of its organization an API client may read; an admin may read all of it."""

    CREDITS_READ = "credits:read", "credits:read: everybody's credits, their counts, and the people whose they are."
    MEMBERS_READ = (
        "members:read",
        "members:read: members, invitations and associations; of an MCID the last three digits.",
    )
    REPORT_READ = "report:read", "report:read: the skills report and its exports."
    ATTAINMENTS_READ = (
        "attainments:read",
        "attainments:read: attainments, forecast and fragility, and the people they name.",
    )


# Rules R2 and R8.
class MemberStatus(DescribedEnum):
    """Where a member is between invitation and leaving."""

    INVITED = "INVITED", "Invited, and not signed in yet."
    ACTIVE = "ACTIVE", "Has signed in with the work account that was invited."
    REMOVED = "REMOVED", "Has left the organization, and has no access any more."


# Rule R2.
class DeliveryProblem(DescribedEnum):
    """Why the message of an invitation did not go out."""

    NOT_SET_UP = "NOT_SET_UP", "No mail server is set up here: pass the sign-in address on yourself."
    REFUSED = "REFUSED", "The mail server refuses the address or the message: correct the address."
    UNREACHABLE = (
        "UNREACHABLE",
        "The mail server could not be reached in several tries: send the invitation again later.",
    )


# Rules R5, R7 and R8.
class AssociationEndReason(DescribedEnum):
    """Why an association ended."""

    REMOVED = "REMOVED", "The member removed it."
    MOVED = "MOVED", "The person associated the learning account with another organization."
    MEMBER_REMOVED = "MEMBER_REMOVED", "The member left the organization."


class AttemptStatus(DescribedEnum):
    """How far an association attempt has come."""

    AWAITING_SIGN_IN = "AWAITING_SIGN_IN", "The person has not come back from the learning provider yet."
    RECEIVED = "RECEIVED", "The provider's answer is kept, and waits for a worker."
    PROCESSING = "PROCESSING", "A worker reads the profile and the transcript."
    ASSOCIATED = "ASSOCIATED", "Final: the account is associated."
    REFUSED = "REFUSED", "Final: the programme's rules or the provider refused; nothing was changed."
    # Derived from the instant and never stored, so that no worker has to run in time for it.
    EXPIRED = "EXPIRED", "Final: the person did not come back in time; nothing was changed."
    FAILED = "FAILED", "Final: the provider could not be reached, or a fault stopped it; nothing was changed."

    @property
    def is_final(self) -> bool:
        return self in {AttemptStatus.ASSOCIATED, AttemptStatus.REFUSED, AttemptStatus.EXPIRED, AttemptStatus.FAILED}


class AttemptStep(DescribedEnum):
    """What has been done for an association attempt, in this order."""

    SIGNED_IN = "SIGNED_IN", "The person came back from the provider's sign-in."
    PROFILE_FOUND = "PROFILE_FOUND", "The provider told whose account it is."
    UNLINKED_ELSEWHERE = "UNLINKED_ELSEWHERE", "The account's association with another organization was ended."
    LINKED = "LINKED", "The association was started."
    IMPORTED = "IMPORTED", "The completions were recorded, and credits are on their way."


# Rule R9.
class TranscriptProblem(DescribedEnum):
    """Why the transcript of an active association is not read again every night."""

    SIGN_IN_AGAIN = (
        "SIGN_IN_AGAIN",
        "The provider no longer accepts the person's permission: they have to sign in there again.",
    )
    PROVIDER_UNAVAILABLE = (
        "PROVIDER_UNAVAILABLE",
        "The provider does not answer, or nothing usable; it is asked again by itself.",
    )
    NO_PERMISSION = (
        "NO_PERMISSION",
        "The provider gives no lasting permission: it is read only when the person signs in.",
    )


class CallbackStatus(DescribedEnum):
    """What has become of a callback from a provider."""

    PENDING = "PENDING", "It waits for a worker."
    DONE = "DONE", "A worker has dealt with it."
    DEAD = "DEAD", "It could not be dealt with, and waits for an operator with its error."


class CompletionKind(DescribedEnum):
    """What kind of thing an account earned."""

    CERTIFICATION = "CERTIFICATION", "A certification, earned by one or more exams."
    ASSESSMENT = "ASSESSMENT", "An assessment, passed."
    TRAINING = "TRAINING", "A training, completed."


# Rule R12.
class CreditStatus(DescribedEnum):
    """What a credit is at an instant."""

    PENDING = "PENDING", "Does not count yet: `countsFrom` lies ahead."
    COUNTING = "COUNTING", "Counts for the organization."
    ENDED = "ENDED", "Counts no more: `countsUntil` is over, and `endReason` says why."
    INELIGIBLE = "INELIGIBLE", "Never counts; `ineligibleReason` says why."


# Rules R11 and R16.
class CreditEndReason(DescribedEnum):
    """Why a credit stops counting."""

    EXPIRED = "EXPIRED", "The completion is valid until then."
    REVOKED = "REVOKED", "The learning provider revoked the completion."
    RETIRED = "RETIRED", "The certification is retired, and the catalog lets it count until then."
    REMOVED = "REMOVED", "The member removed the association."
    MOVED = "MOVED", "The person associated the learning account with another organization."
    MEMBER_REMOVED = (
        "MEMBER_REMOVED",
        "The member left: what counted counts on until the refresh date, the rest is canceled.",
    )


# Rule R12.
class IneligibleReason(DescribedEnum):
    """Why a completion never counts."""

    EXPIRED_BEFORE_ASSOCIATION = "EXPIRED_BEFORE_ASSOCIATION", "It had expired when the association started."
    REVOKED_BEFORE_ASSOCIATION = "REVOKED_BEFORE_ASSOCIATION", "It had been revoked when the association started."
    NOT_IN_CATALOG = "NOT_IN_CATALOG", "The programme's catalog does not have the certification."
    RETIRED = "RETIRED", "The certification had retired."


class CreditEventKind(DescribedEnum):
    """What took effect for a credit."""

    COUNTED = "COUNTED", "It began to count."
    ENDED = "ENDED", "It ended, or was ended before it could count."


class CertificationLevel(DescribedEnum):
    """How deep a certification goes; it decides how long it is valid."""

    FUNDAMENTALS = "FUNDAMENTALS", "Fundamentals: does not expire."
    ASSOCIATE = "ASSOCIATE", "Associate: renewed every year."
    EXPERT = "EXPERT", "Expert: renewed every year."
    SPECIALTY = "SPECIALTY", "Specialty: renewed every year."
    OTHER = "OTHER", "Anything else, such as assessments and trainings."


# Rule R16.
class RetirementRule(DescribedEnum):
    """What a certification's retirement does to completions."""

    ELIGIBLE_UNTIL = "ELIGIBLE_UNTIL", "It counts until a date, for everybody."
    ONE_YEAR_IF_EARNED_BEFORE = "ONE_YEAR_IF_EARNED_BEFORE", "It counts as long as it is valid if it was earned before."


class ProgramKind(DescribedEnum):
    """What kind of thing an organization attains."""

    DESIGNATION = "DESIGNATION", "A Solutions Partner designation, scored in points."
    SPECIALIZATION = "SPECIALIZATION", "A specialization, which demands all of its requirements."


class AddressTrust(DescribedEnum):
    """Whose word an organization takes for a person's work address.

    Rule R2.
    """

    VERIFIED = "VERIFIED", "An address counts where the issuer says that it is verified."
    ISSUER = "ISSUER", "The issuer, which is the company's own, vouches for addresses of its mail domains."
    HOSTED_DOMAIN = "HOSTED_DOMAIN", "A verified address counts where the issuer names the company's domain, too."


class IssuerPreset(DescribedEnum):
    """A kind of issuer, whose settings are known."""

    ENTRA = "ENTRA", "Microsoft Entra ID, one tenant."
    GOOGLE = "GOOGLE", "Google Workspace."
    OKTA = "OKTA", "Okta."
    KEYCLOAK = "KEYCLOAK", "Keycloak."
    AUTH0 = "AUTH0", "Auth0."
    COGNITO = "COGNITO", "Amazon Cognito."
    ADFS = "ADFS", "Active Directory Federation Services."
    GENERIC = "GENERIC", "Any other that follows OpenID Connect."


class CredentialKind(DescribedEnum):
    """By what our client proves itself to an issuer."""

    SECRET = "SECRET", "A client secret."
    PRIVATE_KEY = "PRIVATE_KEY", "A private key, with a certificate where the issuer wants its thumbprint."


class Track(DescribedEnum):
    """The track whose measures score an organization in a program."""

    ENTERPRISE = "ENTERPRISE", "The measures for large customers."
    SMB = "SMB", "The measures for small and medium-sized customers."
    ALL = "ALL", "The only measures: the program has the same for everybody."


# Rule R13.
class TrackRule(DescribedEnum):
    """How an organization's track in a program is found."""

    BY_SETTING = "BY_SETTING", "The organization says which it is; where it does not, each is shown."
    HIGHER_TOTAL = "HIGHER_TOTAL", "Both are scored, and the higher total counts."


# certlink knows those of skilling and, for specializations, of knowledge; the others tell what else there is to score.
class Metric(DescribedEnum):
    """What a program scores."""

    NET_CUSTOMER_ADDS = "NET_CUSTOMER_ADDS", "New customers; certlink does not know them."
    SKILLING_INTERMEDIATE = "SKILLING_INTERMEDIATE", "People with intermediate certifications."
    SKILLING_ADVANCED = "SKILLING_ADVANCED", "People with advanced certifications."
    USAGE_GROWTH = "USAGE_GROWTH", "Growth of usage; certlink does not know it."
    DEPLOYMENTS = "DEPLOYMENTS", "Deployments; certlink does not know them."
    KNOWLEDGE = "KNOWLEDGE", "People with the certifications that a specialization asks for."


# Rules R13 and R14.
class RequirementRole(DescribedEnum):
    """What a requirement does in its metric."""

    GATE = "GATE", "So many people are needed before anything after it gives points."
    ELECTIVE = "ELECTIVE", "Each person gives points, up to the people needed, once every gate before it is met."
    GROUP = "GROUP", "So many people with any of these certifications."
    DISTINCT_PEOPLE = "DISTINCT_PEOPLE", "So many different people over all groups."
    DESIGNATION = "DESIGNATION", "Any of these designations must be attained."


class NoPointsReason(DescribedEnum):
    """Why a certification that a requirement asks for gives it no points."""

    PENDING = "PENDING", "It does not count yet."
    GATE_UNMET = "GATE_UNMET", "A gate before it is not met."
    MORE_PEOPLE_NEEDED = "MORE_PEOPLE_NEEDED", "It counts, but the gate gives its points only with more people."
    CAP_REACHED = "CAP_REACHED", "The requirement has all the people that it needs."
    ALREADY_COUNTED = "ALREADY_COUNTED", "The person counts already for this requirement, by another certification."


class CreditReasonCode(DescribedEnum):
    """A condition for a credit to count or to give points, named for the case that it is not met."""

    NOT_ASSOCIATED = "NOT_ASSOCIATED", "The learning account must be associated with the organization."
    ASSOCIATION_REMOVED = "ASSOCIATION_REMOVED", "The person must not have removed the association."
    ASSOCIATION_MOVED = (
        "ASSOCIATION_MOVED",
        "The person must not have associated the account with another organization.",
    )
    MEMBER_REMOVED = "MEMBER_REMOVED", "The member must not have left; what counted counts on until the refresh date."
    NOT_IN_CATALOG = "NOT_IN_CATALOG", "The catalog must have the certification."
    RETIRED = "RETIRED", "The certification must not have retired."
    EXPIRED_BEFORE_ASSOCIATION = (
        "EXPIRED_BEFORE_ASSOCIATION",
        "It must not have expired before the association started.",
    )
    REVOKED_BEFORE_ASSOCIATION = (
        "REVOKED_BEFORE_ASSOCIATION",
        "It must not have been revoked before the association started.",
    )
    EXPIRED = "EXPIRED", "It must not have expired."
    REVOKED = "REVOKED", "The learning provider must not have revoked it."
    WAITING = "WAITING", "The days from the completion or the association until it counts must be over."
    GATE_UNMET = "GATE_UNMET", "For points: a gate before the requirement must be met."
    MORE_PEOPLE_NEEDED = "MORE_PEOPLE_NEEDED", "For points: the gate must have all the people that it needs."
    CAP_REACHED = "CAP_REACHED", "For points: the requirement must need more people than it has."
    ALREADY_COUNTED = (
        "ALREADY_COUNTED",
        "For points: the person must not count for the requirement by another certification.",
    )


class ReasonActor(DescribedEnum):
    """Who can do something about a reason."""

    PERSON = "PERSON", "The person who earned it."
    ADMIN = "ADMIN", "An admin of the organization."
    NOBODY = "NOBODY", "Nobody can, or needs to."


# In the order of what happens at the same instant.
class TimelineKind(DescribedEnum):
    """What happens in the life of a credit."""

    COMPLETED = "COMPLETED", "It was earned."
    ASSOCIATED = "ASSOCIATED", "The association started."
    RECORDED = "RECORDED", "certlink learned of it."
    DUE = "DUE", "Its days of waiting are over."
    COUNTED = "COUNTED", "It begins to count."
    RENEWAL_OPENS = "RENEWAL_OPENS", "It can be renewed from then on."
    ENDED = "ENDED", "It counts no longer, for `endReason`."


class ForecastCauseKind(DescribedEnum):
    """Why an attainment can change on a day."""

    EDITION_CHANGE = "EDITION_CHANGE", "Other requirements come into force."
    CREDIT_DUE = "CREDIT_DUE", "A credit begins to count."
    EXPIRY = "EXPIRY", "A credit ends since its completion expires."
    REVOCATION = "REVOCATION", "A credit ends since the learning provider revokes its completion."
    RETIREMENT = "RETIREMENT", "A credit ends since its certification retires."
    REFRESH_DATE = "REFRESH_DATE", "A credit ends since its member has left."
    ASSOCIATION_END = "ASSOCIATION_END", "A credit ends since its association does."


class CreditOrderField(DescribedEnum):
    """A field to order a list of credits by; equal ones are ordered by age, in the same direction."""

    PERSON = "PERSON", "By the person's name, whatever its case, or work e-mail where no name is known."
    CERTIFICATION = "CERTIFICATION", "By the certification's code."
    COMPLETED_AT = "COMPLETED_AT", "By when it was earned."
    COUNTS_FROM = "COUNTS_FROM", "By when it begins to count; what never does comes latest."
    EXPIRES_AT = "EXPIRES_AT", "By until when it is valid; what does not expire comes latest."
    STATUS = "STATUS", "By how far it is: pending, counting, ended, ineligible."


class OrderDirection(DescribedEnum):
    """The direction of an order."""

    ASCENDING = "ASCENDING", "From A to Z, from the earliest to the latest."
    DESCENDING = "DESCENDING", "From Z to A, from the latest to the earliest."
