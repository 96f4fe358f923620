"""What does certlink remember?

The constraints that guarantee the rules are SQL in the migrations: the model layer cannot state them.
"""

from domain.models.api_clients import ApiClient, ApiKey
from domain.models.associations import Association, AssociationAttempt, Callback, LearningAccount
from domain.models.credits import Completion, Credit, CreditEvent
from domain.models.idempotency import IdempotencyKey
from domain.models.invitations import Invitation
from domain.models.people import BrowserSession, Member, Organization, SignIn
from domain.models.records import AuditEvent, CatalogEdition, Certification

__all__ = [
    "ApiClient",
    "ApiKey",
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
    "IdempotencyKey",
    "Invitation",
    "LearningAccount",
    "Member",
    "Organization",
    "SignIn",
]
