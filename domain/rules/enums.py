"""Which words does the programme use for its kinds, states and reasons?"""

from enum import StrEnum


class LearningProvider(StrEnum):
    """Who teaches, examines and records completions."""

    MICROSOFT_LEARN = "MICROSOFT_LEARN"
    PARTNER_UNIVERSITY = "PARTNER_UNIVERSITY"

    @property
    def display_name(self) -> str:
        """Return the name that people know the provider by."""
        return self.value.replace("_", " ").title()

    @property
    def slug(self) -> str:
        """Return the form that stands in a URL's path."""
        return self.value.replace("_", "-").lower()


class MemberRole(StrEnum):
    """What a member may do in the organization."""

    MEMBER = "MEMBER"
    ACCOUNT_ADMIN = "ACCOUNT_ADMIN"
    GLOBAL_ADMIN = "GLOBAL_ADMIN"

    @property
    def is_admin(self) -> bool:
        """Tell whether the role may invite and remove members and see the organization's credits."""
        return self is not MemberRole.MEMBER


class Scope(StrEnum):
    """What of its organization an API client may read; an admin may read all of it (R17)."""

    CREDITS_READ = "credits:read"
    MEMBERS_READ = "members:read"
    REPORT_READ = "report:read"
    ATTAINMENTS_READ = "attainments:read"


class MemberStatus(StrEnum):
    """Where a member is between invitation and leaving (R2, R8)."""

    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    REMOVED = "REMOVED"


class DeliveryProblem(StrEnum):
    """Why the message of an invitation did not reach a mail server that would take it (R2)."""

    NOT_SET_UP = "NOT_SET_UP"
    REFUSED = "REFUSED"
    UNREACHABLE = "UNREACHABLE"


class AssociationEndReason(StrEnum):
    """Why an association ended (R5, R7, R8)."""

    REMOVED = "REMOVED"
    MOVED = "MOVED"
    MEMBER_REMOVED = "MEMBER_REMOVED"


class AttemptStatus(StrEnum):
    """How far an association attempt has come; EXPIRED is derived from the instant and never stored."""

    AWAITING_SIGN_IN = "AWAITING_SIGN_IN"
    RECEIVED = "RECEIVED"
    PROCESSING = "PROCESSING"
    ASSOCIATED = "ASSOCIATED"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more will happen to the attempt."""
        return self in {AttemptStatus.ASSOCIATED, AttemptStatus.REFUSED, AttemptStatus.EXPIRED, AttemptStatus.FAILED}


class AttemptStep(StrEnum):
    """What has been done for an association attempt, in this order."""

    SIGNED_IN = "SIGNED_IN"
    PROFILE_FOUND = "PROFILE_FOUND"
    UNLINKED_ELSEWHERE = "UNLINKED_ELSEWHERE"
    LINKED = "LINKED"
    IMPORTED = "IMPORTED"


class TranscriptProblem(StrEnum):
    """Why the transcript of an active association is not read again every night (R9)."""

    SIGN_IN_AGAIN = "SIGN_IN_AGAIN"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    NO_PERMISSION = "NO_PERMISSION"


class CallbackStatus(StrEnum):
    """What has become of a callback; DEAD waits for an operator with its error."""

    PENDING = "PENDING"
    DONE = "DONE"
    DEAD = "DEAD"


class CompletionKind(StrEnum):
    """What kind of thing an account earned."""

    CERTIFICATION = "CERTIFICATION"
    ASSESSMENT = "ASSESSMENT"
    TRAINING = "TRAINING"


class CreditStatus(StrEnum):
    """What a credit is at an instant (R12)."""

    PENDING = "PENDING"
    COUNTING = "COUNTING"
    ENDED = "ENDED"
    INELIGIBLE = "INELIGIBLE"


class CreditEndReason(StrEnum):
    """Why a credit stops counting (R11, R16)."""

    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    RETIRED = "RETIRED"
    REMOVED = "REMOVED"
    MOVED = "MOVED"
    MEMBER_REMOVED = "MEMBER_REMOVED"


class IneligibleReason(StrEnum):
    """Why a completion never counts (R12)."""

    EXPIRED_BEFORE_ASSOCIATION = "EXPIRED_BEFORE_ASSOCIATION"
    REVOKED_BEFORE_ASSOCIATION = "REVOKED_BEFORE_ASSOCIATION"
    NOT_IN_CATALOG = "NOT_IN_CATALOG"
    RETIRED = "RETIRED"


class CreditEventKind(StrEnum):
    """What took effect for a credit; each is recorded once."""

    COUNTED = "COUNTED"
    ENDED = "ENDED"


class CertificationLevel(StrEnum):
    """How deep a certification goes; it decides how long it is valid."""

    FUNDAMENTALS = "FUNDAMENTALS"
    ASSOCIATE = "ASSOCIATE"
    EXPERT = "EXPERT"
    SPECIALTY = "SPECIALTY"
    OTHER = "OTHER"


class RetirementRule(StrEnum):
    """What a certification's retirement does to completions (R16)."""

    ELIGIBLE_UNTIL = "ELIGIBLE_UNTIL"
    ONE_YEAR_IF_EARNED_BEFORE = "ONE_YEAR_IF_EARNED_BEFORE"


class ProgramKind(StrEnum):
    """What kind of thing an organization attains."""

    DESIGNATION = "DESIGNATION"
    SPECIALIZATION = "SPECIALIZATION"


class Track(StrEnum):
    """By which of a program's measures an organization is scored; ALL where the program has one for everybody."""

    ENTERPRISE = "ENTERPRISE"
    SMB = "SMB"
    ALL = "ALL"


class TrackRule(StrEnum):
    """How an organization's track in a program is found (R13)."""

    BY_SETTING = "BY_SETTING"
    HIGHER_TOTAL = "HIGHER_TOTAL"


class Metric(StrEnum):
    """What a program scores; certlink knows those of skilling and, for specializations, of knowledge."""

    NET_CUSTOMER_ADDS = "NET_CUSTOMER_ADDS"
    SKILLING_INTERMEDIATE = "SKILLING_INTERMEDIATE"
    SKILLING_ADVANCED = "SKILLING_ADVANCED"
    USAGE_GROWTH = "USAGE_GROWTH"
    DEPLOYMENTS = "DEPLOYMENTS"
    KNOWLEDGE = "KNOWLEDGE"


class RequirementRole(StrEnum):
    """What a requirement does in its metric (R13, R14)."""

    GATE = "GATE"
    ELECTIVE = "ELECTIVE"
    GROUP = "GROUP"
    DISTINCT_PEOPLE = "DISTINCT_PEOPLE"
    DESIGNATION = "DESIGNATION"


class NoPointsReason(StrEnum):
    """Why a certification that a requirement asks for gives it no points."""

    PENDING = "PENDING"
    GATE_UNMET = "GATE_UNMET"
    MORE_PEOPLE_NEEDED = "MORE_PEOPLE_NEEDED"
    CAP_REACHED = "CAP_REACHED"
    ALREADY_COUNTED = "ALREADY_COUNTED"


class CreditReasonCode(StrEnum):
    """What must hold for a credit to count and to give points, named by what is the matter where it does not."""

    NOT_ASSOCIATED = "NOT_ASSOCIATED"
    ASSOCIATION_REMOVED = "ASSOCIATION_REMOVED"
    ASSOCIATION_MOVED = "ASSOCIATION_MOVED"
    MEMBER_REMOVED = "MEMBER_REMOVED"
    NOT_IN_CATALOG = "NOT_IN_CATALOG"
    RETIRED = "RETIRED"
    EXPIRED_BEFORE_ASSOCIATION = "EXPIRED_BEFORE_ASSOCIATION"
    REVOKED_BEFORE_ASSOCIATION = "REVOKED_BEFORE_ASSOCIATION"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    WAITING = "WAITING"
    GATE_UNMET = "GATE_UNMET"
    MORE_PEOPLE_NEEDED = "MORE_PEOPLE_NEEDED"
    CAP_REACHED = "CAP_REACHED"
    ALREADY_COUNTED = "ALREADY_COUNTED"


class ReasonActor(StrEnum):
    """Who can do something about a reason."""

    PERSON = "PERSON"
    ADMIN = "ADMIN"
    NOBODY = "NOBODY"


class TimelineKind(StrEnum):
    """What happens in the life of a credit, in the order of what happens at the same instant."""

    COMPLETED = "COMPLETED"
    ASSOCIATED = "ASSOCIATED"
    RECORDED = "RECORDED"
    DUE = "DUE"
    COUNTED = "COUNTED"
    RENEWAL_OPENS = "RENEWAL_OPENS"
    ENDED = "ENDED"


class ForecastCauseKind(StrEnum):
    """Why an attainment can change on a day."""

    EDITION_CHANGE = "EDITION_CHANGE"
    CREDIT_DUE = "CREDIT_DUE"
    EXPIRY = "EXPIRY"
    REVOCATION = "REVOCATION"
    RETIREMENT = "RETIREMENT"
    REFRESH_DATE = "REFRESH_DATE"
    ASSOCIATION_END = "ASSOCIATION_END"


class CreditOrderField(StrEnum):
    """By what a list of credits can be ordered."""

    PERSON = "PERSON"
    CERTIFICATION = "CERTIFICATION"
    COMPLETED_AT = "COMPLETED_AT"
    COUNTS_FROM = "COUNTS_FROM"
    EXPIRES_AT = "EXPIRES_AT"
    STATUS = "STATUS"


class OrderDirection(StrEnum):
    """In which direction a list is ordered."""

    ASCENDING = "ASCENDING"
    DESCENDING = "DESCENDING"
