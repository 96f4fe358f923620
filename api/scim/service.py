"""SCIM's protocol, with what directories send beside the standard."""

import json
import re
from collections.abc import Mapping
from typing import Any

from scim2_models import (
    InvalidFilterException,
    InvalidPathException,
    InvalidSyntaxException,
    InvalidValueException,
    PatchOp,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
)
from scim2_server.conditions import Conditions
from scim2_server.service import ScimService
from typing_extensions import override

from api.scim.resources import PROVIDER
from domain.rules.directory import check_emails

# Each operation looks through the whole user, and every text is parsed: 900 paths for entries of one list took 30
# seconds. Directories send one operation for an attribute, and filters of one line.
MAX_OPERATIONS = 50
MAX_EXPRESSION = 1_000
# Every term of a path is compared with every entry of a list: 49 paths of 50 terms and 500 e-mails took 29 seconds.
MAX_TERMS = 10
MAX_TERMS_OF_A_PATCH = 100
MAX_VALUES = 200
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_JOINED = re.compile(r"\b(?:and|or|not)\b|\(", re.IGNORECASE)
# In an example of Entra's the value stands without quotes.
_UNQUOTED = re.compile(r"""\s*(userName|externalId|id)\s+eq\s+([^\s"'()]+)\s*""", re.IGNORECASE)
# Entra asks so whether a reference is set already.
_OF_MANAGER = re.compile(
    r'\s*id\s+eq\s+"[^"]*"\s+and\s+(?:urn:[\w.:]+:)?manager(?:\.value)?\s+eq\s+"[^"]*"\s*', re.IGNORECASE
)
_OF_NOBODY = 'id eq ""'


class DirectoryService(ScimService):
    """SCIM's protocol over the users of a directory."""

    @override
    def read_search_query(
        self, resource_types: list[ResourceType], query: Mapping[str, str]
    ) -> tuple[SearchRequest[Any], Any]:
        """Read a search, also one whose filter lacks quotes, or asks for a manager: no user has one here."""
        if _OF_MANAGER.fullmatch(query.get("filter", "")[:MAX_EXPRESSION]):
            query = {**query, "filter": _OF_NOBODY}
        unquoted = _UNQUOTED.fullmatch(query.get("filter", ""))
        if unquoted is not None:
            query = {**query, "filter": f"{unquoted[1]} eq {json.dumps(unquoted[2])}"}
        return super().read_search_query(resource_types, query)

    @override
    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:
        """Read a search whose parameters are not too long."""
        if isinstance(payload, dict) and any(len(str(value)) > MAX_EXPRESSION for value in payload.values()):
            raise InvalidFilterException(detail=f"A parameter may have at most {MAX_EXPRESSION:,} characters.")
        if isinstance(payload, dict) and any(_terms(str(value)) > MAX_TERMS for value in payload.values()):
            raise InvalidFilterException(detail=f"A filter may make at most {MAX_TERMS} comparisons.")
        return super().read_search(resource_types, payload)

    @override
    def read_response_parameters(
        self, resource_type: ResourceType, query: Mapping[str, str]
    ) -> ResponseParameters[Any]:
        """Read which attributes are wanted, unless they are too many."""
        if any(len(value) > MAX_EXPRESSION for value in query.values()):
            raise InvalidValueException(detail=f"A parameter may have at most {MAX_EXPRESSION:,} characters.")
        return super().read_response_parameters(resource_type, query)

    @override
    def read_patch(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> "PatchOp[Any]":
        """Read a PATCH, also one whose value has keys that select an entry of a list, unless it takes seconds."""
        payload = _members(self.decode_body(body, content_type), "schemas", "Operations")
        operations = _operations(payload)
        if operations is not None:
            _check_work(operations)
            body = json.dumps({"schemas": payload.get("schemas"), "Operations": operations}).encode()
        return super().read_patch(resource_type, body, content_type)

    @override
    def apply_patch(
        self, current: Resource[Any], patch_op: "PatchOp[Any]", conditions: Conditions
    ) -> Resource[Any] | None:
        """Apply the operations of a PATCH one after the other, until one makes the e-mails too many."""
        self.check_preconditions(current, "PATCH", conditions)
        changes = False
        for operation in patch_op.operations or []:
            changes |= patch_op.model_copy(update={"operations": [operation]}).patch(current)
            check_emails(getattr(current, "emails", None))
        return current if changes else None


SERVICE = DirectoryService(PROVIDER)


def _members(payload: Any, *names: str) -> Any:
    """Return the named members of an object, whose keys count in any case (RFC 7643, section 2.1).

    Raises:
        InvalidSyntaxException: a member comes twice.
    """
    if not isinstance(payload, dict):
        return payload
    known = {name.lower(): name for name in names}
    members: dict[str, Any] = {}
    for key, value in payload.items():
        name = known.get(key.lower())
        if name in members:
            raise InvalidSyntaxException(detail=f"{name} comes twice.")
        if name is not None:
            members[name] = value
    return members


def _operations(payload: Any) -> list[Any] | None:
    """Return the operations of a PATCH; a key such as ``emails[type eq "work"].value`` is the path of one of its own.

    The library understands other paths as keys, and would read over these.
    """
    if not isinstance(payload, dict) or not isinstance(payload.get("Operations"), list):
        return None
    operations: list[Any] = []
    for each in payload["Operations"]:
        operation = _members(each, "op", "path", "value")
        value: Any = operation.get("value") if isinstance(operation, dict) else None
        selecting = [key for key in value if "[" in key] if isinstance(value, dict) else []
        if not selecting or operation.get("path") is not None:
            operations.append(operation)
            continue
        if rest := {key: part for key, part in value.items() if key not in selecting}:
            operations.append({**operation, "value": rest})
        operations += [{**operation, "path": key, "value": value[key]} for key in selecting]
    return operations


def _check_work(operations: list[Any]) -> None:
    """Accept operations that are soon applied.

    Raises:
        InvalidPathException: a path is too long, or paths compare too often.
        InvalidValueException: there are too many operations or values.
    """
    if len(operations) > MAX_OPERATIONS:
        raise InvalidValueException(detail=f"A PATCH may have at most {MAX_OPERATIONS} operations.")
    values = [each.get("value") for each in operations if isinstance(each, dict)]
    if sum(map(_entries, values)) > MAX_VALUES:
        raise InvalidValueException(detail=f"The operations of a PATCH may have at most {MAX_VALUES} values in all.")
    # The keys of a value are paths too.
    paths = [str(each.get("path") or "") for each in operations if isinstance(each, dict)]
    paths += [key for value in values if isinstance(value, dict) for key in value]
    if any(len(path) > MAX_EXPRESSION for path in paths):
        raise InvalidPathException(detail=f"A path may have at most {MAX_EXPRESSION:,} characters.")
    terms = [_terms(path) for path in paths]
    if any(each > MAX_TERMS for each in terms) or sum(terms) > MAX_TERMS_OF_A_PATCH:
        raise InvalidPathException(
            detail=f"A path may make at most {MAX_TERMS} comparisons, and all of a PATCH {MAX_TERMS_OF_A_PATCH}."
        )


def _entries(value: Any) -> int:
    """Count what lists and objects have, at any depth."""
    if isinstance(value, dict):
        value = list(value.values())
    return len(value) + sum(map(_entries, value)) if isinstance(value, list) else 0


def _terms(expression: str) -> int:
    """Count what a filter or a path compares and groups, without reading its texts."""
    unquoted = _QUOTED.sub("", expression)
    return len(_JOINED.findall(unquoted)) + ("[" in unquoted)
