"""The Python client gql against the service."""

from collections.abc import AsyncIterator
from typing import Any

from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

from local.demo.service import Service
from tests.clients.node import Seen, sign_in

PERSON = "{ viewer { member { name } } }"
CERTIFICATIONS = """query ($after: String) {
  certifications(first: 25, after: $after) { nodes { code } pageInfo { hasNextPage endCursor } } }"""
ASSOCIATE = """mutation ($input: AssociateLearningAccountInput!) { associateLearningAccount(input: $input) {
  ... on AssociationStarted { authorizationUrl attempt { id } } ... on Refusal { code } } }"""
ATTEMPT = "subscription ($id: ID!) { associationAttempt(id: $id) { status } }"


async def use_gql(*, service: Service, person: str, account: str) -> Seen:
    """Ask, associate, follow, be refused and walk, as the clients in node do; return what was seen."""
    address, authorization = f"{service.url}/graphql", f"Bearer {await service.token(person)}"
    over_http = HTTPXAsyncTransport(address, headers={"Authorization": authorization}, trust_env=False)
    over_websocket = WebsocketsTransport(
        address.replace("http", "ws", 1),
        init_payload={"authorization": authorization},
        connect_args={"proxy": None},
    )
    # Validates each document before it is sent, by the schema that it gets by introspection.
    async with Client(transport=over_http, fetch_schema_from_transport=True) as http:
        name = (await http.execute(GraphQLRequest(PERSON)))["viewer"]["member"]["name"]
        started = await _associate(http)
        following = GraphQLRequest(ATTEMPT, variable_values={"id": started["attempt"]["id"]})
        statuses: list[str] = []
        async with Client(transport=over_websocket) as websocket:
            async for found in websocket.subscribe(following):
                if not statuses:
                    await sign_in(started["authorizationUrl"], account)
                statuses.append(found["associationAttempt"]["status"])
        refused = (await _associate(http))["code"]
        pages = [page async for page in _pages(http)]
    walked = [node["code"] for page in pages for node in page["nodes"]]
    return {"name": name, "statuses": statuses, "refused": refused, "pages": len(pages), "walked": walked}


async def _associate(http: AsyncClientSession) -> dict[str, Any]:
    request = GraphQLRequest(ASSOCIATE, variable_values={"input": {"provider": "MICROSOFT_LEARN"}})
    found: dict[str, Any] = (await http.execute(request))["associateLearningAccount"]
    return found


async def _pages(http: AsyncClientSession) -> AsyncIterator[dict[str, Any]]:
    after, more = None, True
    while more:
        found = await http.execute(GraphQLRequest(CERTIFICATIONS, variable_values={"after": after}))
        yield found["certifications"]
        after = found["certifications"]["pageInfo"]["endCursor"]
        more = found["certifications"]["pageInfo"]["hasNextPage"]
