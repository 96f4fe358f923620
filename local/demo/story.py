"""The steps of the story of Amara, who moves her account."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.demo.browser import Browser
from local.demo.service import Service

START = """mutation { associateLearningAccount(input: {provider: MICROSOFT_LEARN}) { __typename
  ... on AssociationStarted { authorizationUrl attempt { id } }
  ... on CoolOffActive { code message nextAvailableAt }
  ... on Refusal { code message } } }"""
ATTEMPT = """query ($id: ID!) { associationAttempt(id: $id) {
  status movedFrom steps { name } refusal { code message } association { id } } }"""
CREDITS = """query ($status: [CreditStatus!]) { viewer { member {
  credits(filter: {statuses: $status}) { totalCount } } } }"""
STATUS = "{ viewer { organization { creditStatus { pending counting overdue } } } }"
REMOVE = """mutation ($id: ID!) { removeAssociation(input: {associationId: $id}) { __typename
  ... on AssociationRemoved { creditsEnded nextAvailableAt } ... on Refusal { code message } } }"""
FINAL = {"ASSOCIATED", "REFUSED", "EXPIRED", "FAILED"}
TIMEOUT_SECONDS = 30.0
POLL_INTERVAL_SECONDS = 0.2


class StepFailed(Exception):
    """A step of the story did not hold."""


@dataclass
class Story:
    """The story on one service; each step adds to ``outcome``."""

    service: Service
    tell: Callable[[str], None]
    outcome: dict[str, Any] = field(default_factory=dict)

    async def run(self) -> None:
        """Run every step and tell it.

        Raises:
            StepFailed: a step did not hold.
        """
        await self._link_at_fabrikam()
        await self._move_to_contoso()
        await self._wait_ten_days()
        await self._remove()
        await self._try_again()

    async def _link_at_fabrikam(self) -> None:
        token = await self.service.token("amara-fabrikam")
        started = (await self.service.graphql(token, START))["associateLearningAccount"]
        self._expect(started["__typename"] == "AssociationStarted", "Fabrikam's Amara starts to link Microsoft Learn")
        browser = Browser()
        try:
            # Her front-end holds a token; this browser is not signed in, so she confirms that she started it.
            await browser.visit(started["authorizationUrl"])
            await browser.submit(to="/associate/")
            await browser.submit(persona="amara-learn")
        finally:
            await browser.close()
        attempt = await self._finished(token, started["attempt"]["id"])
        self._expect(attempt["status"] == "ASSOCIATED", "Microsoft Learn is linked at Fabrikam")

    async def _move_to_contoso(self) -> None:
        # The cool-off of 30 days must be over.
        await self.service.advance(days=31)
        self.tell("31 days pass, and Amara works for Contoso")
        browser = Browser()
        try:
            await browser.visit(f"{self.service.url}/sign-in")
            await browser.submit(email="amara.osei@contoso.example")
            await browser.submit(persona="amara")
            self.tell("she signs in with her work account")
            await browser.visit(f"{self.service.url}/profile")
            await browser.submit(to="/associate", provider="MICROSOFT_LEARN")
            await browser.submit(persona="amara-learn")
        finally:
            await browser.close()
        attempt_id = browser.address.rsplit("/", 1)[-1]
        token = await self.service.token("amara")
        attempt = await self._finished(token, attempt_id)
        self.outcome["attempt"] = attempt["status"]
        self.outcome["movedFrom"] = attempt["movedFrom"]
        self.outcome["pending"] = await self._count(token, "PENDING")
        self._association_id = (attempt["association"] or {}).get("id")
        self._expect(attempt["status"] == "ASSOCIATED", "Microsoft Learn is linked at Contoso")
        self._expect(attempt["movedFrom"] == "Fabrikam", "and was unlinked at Fabrikam at the same instant")
        self._expect(self.outcome["pending"] > 0, f"{self.outcome['pending']} credits are on the way")

    async def _wait_ten_days(self) -> None:
        await self.service.advance(days=10)
        self.outcome["counting"] = await self._count(await self.service.token("amara"), "COUNTING")
        self._expect(self.outcome["counting"] > 0, f"ten days later {self.outcome['counting']} credits count")
        status = await self._propagated(await self.service.token("nadia"))
        self._expect(
            status["counting"] == self.outcome["counting"], "Contoso's admin sees the same number, none overdue"
        )

    async def _remove(self) -> None:
        token = await self.service.token("amara")
        removed = (await self.service.graphql(token, REMOVE, {"id": self._association_id}))["removeAssociation"]
        self._expect(removed["__typename"] == "AssociationRemoved", "she removes her access")
        self.outcome["endedByRemoval"] = removed["creditsEnded"]
        self._expect(removed["creditsEnded"] > 0, f"{removed['creditsEnded']} credits end now")

    async def _try_again(self) -> None:
        token = await self.service.token("amara")
        refused = (await self.service.graphql(token, START))["associateLearningAccount"]
        self.outcome["refusedCode"] = refused.get("code")
        self.outcome["nextAvailableAt"] = refused.get("nextAvailableAt")
        self._expect(refused["__typename"] == "CoolOffActive", f"linking again is refused: {refused.get('message')}")

    async def _finished(self, token: str, attempt_id: str) -> dict[str, Any]:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while True:
                data = await self.service.graphql(token, ATTEMPT, {"id": attempt_id})
                attempt: dict[str, Any] | None = data["associationAttempt"]
                if attempt is None:
                    raise StepFailed("the attempt cannot be found")
                if attempt["status"] in FINAL:
                    return attempt
                await asyncio.sleep(POLL_INTERVAL_SECONDS)

    async def _propagated(self, token: str) -> dict[str, Any]:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while True:
                data = await self.service.graphql(token, STATUS)
                status: dict[str, Any] = data["viewer"]["organization"]["creditStatus"]
                if status["overdue"] == 0:
                    return status
                await asyncio.sleep(POLL_INTERVAL_SECONDS)

    async def _count(self, token: str, status: str) -> int:
        data = await self.service.graphql(token, CREDITS, {"status": [status]})
        count: int = data["viewer"]["member"]["credits"]["totalCount"]
        return count

    def _expect(self, holds: bool, sentence: str) -> None:
        if not holds:
            raise StepFailed(sentence)
        self.tell(sentence)
