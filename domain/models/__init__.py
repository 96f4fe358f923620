"""What does certlink remember?

The constraints that guarantee the rules are SQL in the migrations: the model layer cannot state them.
"""

from domain.models.associations import Association, AssociationAttempt, Callback, LearningAccount
from domain.models.credits import Completion, Credit, CreditEvent
from domain.models.invitations import Invitation
from domain.models.people import BrowserSession, Member, Organization, SignIn
from domain.models.records import AuditEvent, CatalogEdition, Certification

__all__ = [
    "Association",
    "AssociationAttempt",
    "AuditEvent",
    "BrowserSession",
    "Callback",
    "CatalogEdition",
    "Certification",
    "Completion",
    "Credit",
    "CreditEvent",
    "Invitation",
    "LearningAccount",
    "Member",
    "Organization",
    "SignIn",
]
