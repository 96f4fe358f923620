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


class MemberStatus(StrEnum):
    """Where a member is between invitation and leaving (R2, R8)."""

    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    REMOVED = "REMOVED"


class AssociationEndReason(StrEnum):
    """Why an association ended (R5, R7)."""

    REMOVED = "REMOVED"
    MOVED = "MOVED"


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
