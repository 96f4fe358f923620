"""What does certlink remember?

The constraints that guarantee the rules are SQL in the migrations: the model layer cannot state them.
"""

from domain.models.associations import Association, AssociationAttempt, Callback, LearningAccount
from domain.models.credits import Completion, Credit, CreditEvent
from domain.models.people import BrowserSession, Member, Organization, SignIn
from domain.models.records import AuditEvent, Certification

__all__ = [
    "Association",
    "AssociationAttempt",
    "AuditEvent",
    "BrowserSession",
    "Callback",
    "Certification",
    "Completion",
    "Credit",
    "CreditEvent",
    "LearningAccount",
    "Member",
    "Organization",
    "SignIn",
]
