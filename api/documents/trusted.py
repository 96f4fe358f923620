"""Trusted documents: their ids and manifests."""

import json
from collections.abc import Mapping

from api.documents.reading import DocumentsNotAccepted, digest_of

PREFIX = "sha256:"
APOLLO_FORMAT = "apollo-persisted-query-manifest"
MD5_LENGTH, SHA1_LENGTH = 32, 40


def document_id(text: str) -> str:
    """Return the id by which a client names a registered document."""
    return PREFIX + digest_of(text)


def read_manifest(content: str) -> Mapping[str, str]:
    """Return the documents of a manifest of Apollo or Relay, by names for people.

    Raises:
        DocumentsNotAccepted: it is neither, or a hash is not its document's SHA-256.
    """
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError):
        raise DocumentsNotAccepted("the manifest is not JSON") from None
    if not isinstance(manifest, dict):
        raise DocumentsNotAccepted("the manifest must be a JSON object")
    if "format" not in manifest:
        return dict(_checked(digest, digest, text) for digest, text in manifest.items())
    operations = manifest.get("operations")
    if manifest["format"] != APOLLO_FORMAT or manifest.get("version") != 1 or not isinstance(operations, list):
        raise DocumentsNotAccepted(f'the manifest must have the format "{APOLLO_FORMAT}", version 1, and operations')
    documents = {}
    for position, operation in enumerate(operations):
        if not isinstance(operation, dict):
            raise DocumentsNotAccepted(f"the manifest's operation {position} must be an object")
        digest = operation.get("id")
        name, text = _checked(f"{operation.get('name') or position} ({digest})", digest, operation.get("body"))
        documents[name] = text
    return documents


def _checked(name: str, digest: object, text: object) -> tuple[str, str]:
    """Return the name and the text of an entry whose hash is its document's."""
    if not isinstance(digest, str) or not isinstance(text, str):
        raise DocumentsNotAccepted(f"the manifest's entry {name} must have a hash and a text")
    plain = digest.removeprefix(PREFIX)
    if len(plain) in {MD5_LENGTH, SHA1_LENGTH}:
        raise DocumentsNotAccepted(f"the manifest's entry {name} is hashed by another algorithm: let it be SHA256")
    if plain != digest_of(text):
        raise DocumentsNotAccepted(f"the manifest's entry {name} is not the SHA-256 of its text")
    return name, text
