"""SCIM user of the interface, and what it announces of itself.

It is smaller than the user of RFC 7643: what certlink has no use for, such as telephone numbers and passwords, is read
over and never stored.
"""

from typing import Annotated

from scim2_models import (
    URN,
    AnyExtension,
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Extension,
    Filter,
    Name,
    Patch,
    Required,
    Resource,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

MAX_RESULTS = 200


class Email(ComplexAttribute):
    # The library's own Email rewrites addresses, and directories want to read back what they sent.
    value: str | None = None
    """An e-mail address."""

    display: str | None = None
    """A name for the address, for people to read."""

    type: str | None = None
    """What the address is for, such as work or home."""

    primary: bool | None = None
    """Whether this is the preferred address."""


class EnterpriseUser(Extension):
    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    employee_number: str | None = None
    """What the employer knows the person by."""

    cost_center: str | None = None
    """The name of a cost center."""

    organization: str | None = None
    """The name of an organization."""

    division: str | None = None
    """The name of a division."""

    department: str | None = None
    """The name of a department."""


class User(Resource[AnyExtension]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """What the directory knows the person by; it is the work address where no e-mail is."""

    name: Name | None = None
    """The parts of the person's name."""

    display_name: str | None = None
    """The person's name, as others read it."""

    nick_name: str | None = None
    """What the person is called."""

    title: str | None = None
    """The person's title, such as Vice President."""

    user_type: str | None = None
    """How the person belongs to the organization, such as Employee."""

    preferred_language: str | None = None
    """The language in which the person wants to be written to."""

    locale: str | None = None
    """How the person writes numbers and dates, such as en-US."""

    timezone: str | None = None
    """The person's time zone, such as Europe/Berlin."""

    active: bool | None = None
    """Whether the person belongs to the organization now."""

    emails: list[Email] | None = None
    """The person's e-mail addresses."""


PROVIDER = ScimProvider(
    models=[User, EnterpriseUser],
    resource_types=[ResourceType.from_resource(User[EnterpriseUser])],
    config=ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MAX_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A token that the operator creates for the organization's directory.",
                primary=True,
            )
        ],
    ),
    # What Entra sends and the standard does not know.
    policy=ScimPolicy(
        unknown=ScimPolicy.Unknown.ignore,
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    ),
)
