"""What is certlink told, and what does it write down for good?"""

from tortoise import fields
from tortoise.models import Model

from domain.models.columns import parent, word
from domain.models.people import Organization
from domain.rules.words import CertificationLevel, LearningProvider, RetirementRule


class AuditEvent(Model):
    """Who did what in an organization, append-only and chained by hashes."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "audit_events")
    organization_id: int
    sequence = fields.BigIntField()
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=60)
    action = fields.CharField(max_length=60)
    subject = fields.CharField(max_length=60)
    details: fields.Field[dict[str, object]] = fields.JSONField()
    previous_hash = fields.BinaryField()
    hash = fields.BinaryField()

    class Meta:
        table = "audit_event"


class Certification(Model):
    """What can be earned and counted, from the catalog."""

    code = fields.CharField(max_length=100, primary_key=True)
    title = fields.CharField(max_length=200)
    level = word(CertificationLevel)
    provider = word(LearningProvider)
    retires_on = fields.DateField(null=True)
    retirement_rule = word(RetirementRule, null=True)
    eligible_until = fields.DateField(null=True)

    class Meta:
        table = "certification"


class CatalogEdition(Model):
    """The requirements in force from an instant on, as the document that said so; once in force it stays as it is."""

    key = fields.CharField(max_length=40, primary_key=True)
    effective_from = fields.DateField()
    in_force_from = fields.DatetimeField()
    imported_at = fields.DatetimeField()
    document: fields.Field[dict[str, object]] = fields.JSONField()

    class Meta:
        table = "catalog_edition"
