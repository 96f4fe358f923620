"""Who belongs to an organization, and who is signed in?"""

from tortoise import fields
from tortoise.models import Model

from domain.models.columns import parent, word
from domain.rules.words import MemberRole, MemberStatus, Track


class Organization(Model):
    """A partner company that can be credited."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=200)
    domain = fields.CharField(max_length=253, unique=True)
    issuer = fields.CharField(max_length=500, unique=True)
    client_id = fields.CharField(max_length=200)
    client_secret_sealed = fields.BinaryField(null=True)
    api_audience = fields.CharField(max_length=200)
    track = word(Track, null=True)
    audit_length = fields.BigIntField(default=0)
    created_at = fields.DatetimeField()

    class Meta:
        table = "organization"


class Member(Model):
    """A work account in an organization: invited, active or removed."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "members")
    organization_id: int
    work_email = fields.CharField(max_length=320)
    name = fields.CharField(max_length=200, null=True)
    role = word(MemberRole)
    status = word(MemberStatus)
    issuer = fields.CharField(max_length=500, null=True)
    subject = fields.CharField(max_length=255, null=True)
    invited_at = fields.DatetimeField()
    activated_at = fields.DatetimeField(null=True)
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "member"


class SignIn(Model):
    """One try to sign in with a work account, from the click to the issuer's answer."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "sign_ins")
    organization_id: int
    issuer = fields.CharField(max_length=500)
    state_hash = fields.BinaryField()
    browser_hash = fields.BinaryField()
    nonce = fields.CharField(max_length=64)
    verifier_sealed = fields.BinaryField()
    return_to = fields.CharField(max_length=500)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in"


class BrowserSession(Model):
    """A member's signed-in browser; the cookie's value is stored hashed."""

    id = fields.BigIntField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = parent("Member", "browser_sessions")
    member_id: int
    token_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "browser_session"
