"""SCIM's protocol, with what directories send beside the standard."""

import json
import re
from collections.abc import Mapping
from typing import Any

from scim2_models import PatchOp, ResourceType, SearchRequest
from scim2_server.service import ScimService
from typing_extensions import override

from api.scim.resources import PROVIDER

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
    def read_patch(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> "PatchOp[Any]":
        """Read a PATCH, also one whose value has keys that select an entry of a list."""
        payload = self.decode_body(body, content_type)
        return super().read_patch(resource_type, json.dumps(_with_paths(payload)).encode(), content_type)


SERVICE = DirectoryService(PROVIDER)


def _with_paths(payload: Any) -> Any:
    """Return a PATCH in which a key such as ``emails[type eq "work"].value`` is the path of its own operation.

    The library understands other paths as keys, and would read over these.
    """
    name = next((key for key in payload if key.lower() == "operations"), None) if isinstance(payload, dict) else None
    if name is None or not isinstance(payload[name], list):
        return payload
    operations: list[Any] = []
    for operation in payload[name]:
        value = operation.get("value") if isinstance(operation, dict) else None
        if not isinstance(value, dict) or operation.get("path") is not None:
            operations.append(operation)
            continue
        selecting = {key: part for key, part in value.items() if "[" in key}
        if rest := {key: part for key, part in value.items() if key not in selecting}:
            operations.append({**operation, "value": rest})
        operations += [{**operation, "path": key, "value": part} for key, part in selecting.items()]
        if not value:
            operations.append(operation)
    return {**payload, name: operations}
