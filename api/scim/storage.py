"""Users of one organization's directory, as SCIM's protocol reads and writes them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from scim2_models import InvalidFilterException, Resource, ResourceType, ResponseParameters, SearchRequest
from scim2_models.path.expressions import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    ValuePath,
)
from scim2_server.conditions import opaque_tag
from scim2_server.storage import AsyncScimStorage, SearchPage
from typing_extensions import override

from api.scim.resources import MAX_RESULTS, EnterpriseUser, User
from domain.errors import NotFound
from domain.operations.directory import change_directory_user, create_directory_user, delete_directory_user
from domain.queries.directory import DirectoryUserRow, Matched, directory_users, get_directory_user_or_raise
from domain.rules.administration import Directory
from domain.settings import Settings

MAX_CONDITIONS = 10
_UNSUPPORTED = (
    'This filter is not supported: compare userName, externalId, id, active or emails[type eq "work"].value '
    'by "eq", several of them joined by "and".'
)
_MATCHED = {
    "id": Matched.ID,
    "username": Matched.USER_NAME,
    "externalid": Matched.EXTERNAL_ID,
    "active": Matched.ACTIVE,
    "emails": Matched.EMAIL,
    "emails.value": Matched.EMAIL,
}


@dataclass(frozen=True, kw_only=True)
class DirectoryStorage(AsyncScimStorage):
    """The users of a directory at one request; each write is one operation of the domain."""

    directory: Directory
    now: datetime
    settings: Settings

    @override
    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """Return a user.

        Raises:
            NotFound: there is none.
        """
        return _resource(await get_directory_user_or_raise(self.directory, _uuid(resource_id)))

    @override
    async def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """Return a page of the users that match a filter, in the order of their creation.

        Raises:
            InvalidFilterException: the filter is none of those that we answer.
        """
        matching = _conditions(search_request.filter.ast) if search_request.filter else []
        count = MAX_RESULTS if search_request.count is None else search_request.count
        offset = min(search_request.start_index_0 or 0, 2**31)
        total, rows = await directory_users(self.directory, matching=matching, offset=offset, limit=count)
        return SearchPage(total, [_resource(row) for row in rows])

    @override
    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Record a user."""
        row = await create_directory_user(
            by=self.directory, resource=_values(resource), now=self.now, settings=self.settings
        )
        return _resource(row)

    @override
    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Replace a user that has the version which was read."""
        assert expected_version is not None
        row = await change_directory_user(
            by=self.directory,
            directory_user_id=_uuid(resource.id or ""),
            expected_version=int(opaque_tag(expected_version)),
            resource=_values(resource),
            now=self.now,
            settings=self.settings,
        )
        return _resource(row)

    @override
    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Delete a user that has the version which was read."""
        assert expected_version is not None
        await delete_directory_user(
            by=self.directory,
            directory_user_id=_uuid(resource_id),
            expected_version=int(opaque_tag(expected_version)),
            now=self.now,
        )


def _resource(row: DirectoryUserRow) -> Resource[Any]:
    values = json.loads(row.resource_json)
    extensions = [schema for schema in (str(EnterpriseUser.__schema__),) if schema in values]
    meta = {
        "resourceType": "User",
        "created": row.created_at,
        "lastModified": row.changed_at,
        "version": f'W/"{row.version}"',
    }
    return User[EnterpriseUser].model_validate(
        {**values, "schemas": [str(User.__schema__), *extensions], "id": str(row.id), "meta": meta}
    )


def _values(resource: Resource[Any]) -> dict[str, Any]:
    """Return what is stored of a user: all but what its row says."""
    values: dict[str, Any] = resource.model_dump(mode="json")
    return {name: value for name, value in values.items() if name not in {"id", "meta", "schemas"}}


def _uuid(resource_id: str) -> UUID:
    """Return the id of a user, only from the one form in which it is answered."""
    try:
        directory_user_id = UUID(resource_id)
    except ValueError:
        raise NotFound from None
    if str(directory_user_id) != resource_id:
        raise NotFound
    return directory_user_id


def _conditions(node: FilterNode) -> Sequence[tuple[Matched, str | bool]]:
    """Return the comparisons that a filter joins.

    Raises:
        InvalidFilterException: it is none of those that we answer.
    """
    match node:
        case LogicalExpr(op=LogicalOperator.and_, terms=terms) if len(terms) <= MAX_CONDITIONS:
            return [condition for term in terms for condition in _conditions(term)]
        case Comparison(attr_path=attr_path, op=CompareOperator.eq, value=value):
            return [_condition(_MATCHED.get(_name(attr_path)), value)]
        case ValuePath(
            attr_path=attr_path,
            val_filter=LogicalExpr(
                op=LogicalOperator.and_,
                terms=(
                    Comparison(attr_path=AttrPath(attr="type"), op=CompareOperator.eq, value=str(kind)),
                    Comparison(attr_path=AttrPath(attr="value"), op=CompareOperator.eq, value=str(value)),
                ),
            ),
            sub_attr=None,
        ) if _name(attr_path) == "emails" and kind.lower() == "work":
            return [(Matched.WORK_EMAIL, value)]
    raise InvalidFilterException(detail=_UNSUPPORTED)


def _condition(matched: Matched | None, value: object) -> tuple[Matched, str | bool]:
    if matched is Matched.ACTIVE:
        # Entra writes booleans as texts.
        value = {"true": True, "false": False}.get(str(value).lower(), value)
    if matched is None or not isinstance(value, bool if matched is Matched.ACTIVE else str):
        raise InvalidFilterException(detail=_UNSUPPORTED)
    return matched, value


def _name(attr_path: AttrPath) -> str:
    if attr_path.uri is not None and attr_path.uri.lower() != str(User.__schema__).lower():
        return ""
    return ".".join(part for part in (attr_path.attr, attr_path.sub_attr) if part).lower()
