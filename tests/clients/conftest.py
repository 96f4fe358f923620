"""A running service for third-party clients."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from local.demo.service import Service
from tests.clients.in_python import use_gql
from tests.clients.node import FOLDER, Seen, run
from tests.npm import NotInstalled, finished, install

# Who uses which client, and with which learning account; nobody else in the tests takes their parts.
PEOPLE = {
    "apollo": ("amara", "amara-learn"),
    "urql": ("priya", "priya-learn"),
    "relay": ("nadia", "ingrid-learn"),
    "codegen": ("jonas", "jonas-learn"),
    "gql": ("mei", "mei-learn"),
}
AUDITOR = "felix"

Outcome = Callable[[str], Awaitable[Seen]]


@pytest.fixture(scope="session")
async def outcome(service: Service) -> AsyncIterator[Outcome]:
    """A function that returns what a client saw in the end; where CI=true a missing one is a failure."""
    installing = asyncio.create_task(install(FOLDER))
    running = {
        "audits": asyncio.create_task(_audits(service, installing)),
        **{client: asyncio.create_task(_seen(client, service, installing)) for client in PEOPLE},
    }

    async def outcome_of(client: str) -> Seen:
        try:
            return await running[client]
        except NotInstalled as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing))
            pytest.skip(str(missing))

    yield outcome_of
    for task in running.values():
        task.cancel()
    await asyncio.gather(*running.values(), return_exceptions=True)


async def _audits(service: Service, installing: asyncio.Task[None]) -> Seen:
    await installing
    return await run("audits.mjs", service=service, person=AUDITOR)


async def _seen(client: str, service: Service, installing: asyncio.Task[None]) -> Seen:
    person, account = PEOPLE[client]
    if client == "gql":
        return await use_gql(service=service, person=person, account=account)
    await installing
    program = f"{client}.mjs"
    if client == "relay":
        await finished(FOLDER, "relay-compiler", "--output", "quiet-with-errors")
    if client == "codegen":
        await finished(FOLDER, "graphql-codegen", "--config", "codegen.json", "--silent")
        await finished(FOLDER, "tsc")
        program = "generated/javascript/codegen.js"
    return await run(program, service=service, person=person, account=account)
