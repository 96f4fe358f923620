"""SCIM's protocol, with what directories send beside the standard."""

import json
import re
from collections.abc import Mapping
from typing import Any

from scim2_models import (
    InvalidFilterException,
    InvalidPathException,
    InvalidValueException,
    PatchOp,
    ResourceType,
    ResponseParameters,
    SearchRequest,
)
from scim2_server.service import ScimService
from typing_extensions import override

from api.scim.resources import PROVIDER

# Each operation looks through the whole user, and every text is parsed: 900 paths for entries of one list took 30
# seconds. Directories send one operation for an attribute, and filters of one line.
MAX_OPERATIONS = 50
MAX_EXPRESSION = 1_000
# In an example of Entra's the value stands without quotes.
_UNQUOTED = re.compile(r"""\s*(userName|externalId|id)\s+eq\s+([^\s"'()]+)\s*""", re.IGNORECASE)


class DirectoryService(ScimService):
    """SCIM's protocol over the users of a directory."""

    @override
    def read_search_query(
        self, resource_types: list[ResourceType], query: Mapping[str, str]
    ) -> tuple[SearchRequest[Any], Any]:
        """Read a search, also one whose filter lacks quotes."""
        unquoted = _UNQUOTED.fullmatch(query.get("filter", ""))
        if unquoted is not None:
            query = {**query, "filter": f"{unquoted[1]} eq {json.dumps(unquoted[2])}"}
        return super().read_search_query(resource_types, query)

    @override
    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:
        """Read a search whose parameters are not too long."""
        if isinstance(payload, dict) and any(len(str(value)) > MAX_EXPRESSION for value in payload.values()):
            raise InvalidFilterException(detail=f"A parameter may have at most {MAX_EXPRESSION:,} characters.")
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
        """Read a PATCH, also one whose value has keys that select an entry of a list."""
        payload = self.decode_body(body, content_type)
        operations = _operations(payload)
        if operations is not None and len(operations) > MAX_OPERATIONS:
            raise InvalidValueException(detail=f"A PATCH may have at most {MAX_OPERATIONS} operations.")
        if operations is not None:
            if any(isinstance(each, dict) and len(str(each.get("path"))) > MAX_EXPRESSION for each in operations):
                raise InvalidPathException(detail=f"A path may have at most {MAX_EXPRESSION:,} characters.")
            body = json.dumps({"schemas": payload.get("schemas"), "Operations": operations}).encode()
        return super().read_patch(resource_type, body, content_type)


SERVICE = DirectoryService(PROVIDER)


def _operations(payload: Any) -> list[Any] | None:
    """Return the operations of a PATCH; a key such as ``emails[type eq "work"].value`` is the path of one of its own.

    The library understands other paths as keys, and would read over these.
    """
    name = next((key for key in payload if key.lower() == "operations"), None) if isinstance(payload, dict) else None
    if name is None or not isinstance(payload[name], list):
        return None
    operations: list[Any] = []
    for operation in payload[name]:
        value: Any = operation.get("value") if isinstance(operation, dict) else None
        selecting = [key for key in value if "[" in key] if isinstance(value, dict) else []
        if not selecting or operation.get("path") is not None:
            operations.append(operation)
            continue
        if rest := {key: part for key, part in value.items() if key not in selecting}:
            operations.append({**operation, "value": rest})
        operations += [{**operation, "path": key, "value": value[key]} for key in selecting]
    return operations
