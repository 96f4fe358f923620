"""The personas of the issuers, and the accounts that people created."""

import secrets
import unicodedata
from pathlib import Path
from typing import Any

from sandbox.data_folder import read_json, unreadable, write_json
from sandbox.issuers import PARTNER_UNIVERSITY, Issuer
from sandbox.personas import LEARNING_PERSONAS, WORK_PERSONAS, LearningPersona, Persona
from sandbox.refusals import Refusal

NAME_LIMIT = 80
ACCOUNT_LIMIT = 1000


class Accounts:
    """The personas of all issuers, and the Partner University accounts that people made themselves."""

    def __init__(self, file: Path) -> None:
        """Load the created accounts.

        Raises:
            DataFolderUnusable: the file cannot be read.
        """
        self._file = file
        rows = read_json(file)
        if not isinstance(rows, list | None):
            raise unreadable(file)
        self._created = [_created(file, row) for row in rows or []]

    def everyone(self) -> tuple[Persona, ...]:
        return (*WORK_PERSONAS, *LEARNING_PERSONAS, *self._created)

    def at(self, issuer: Issuer) -> tuple[Persona, ...]:
        return tuple(persona for persona in self.everyone() if persona.issuer == issuer.key)

    def find(self, key: str) -> Persona | None:
        return next((persona for persona in self.everyone() if persona.key == key), None)

    def find_subject(self, issuer: Issuer, subject: str) -> Persona | None:
        """Return the persona whom the issuer knows by this `sub`, if there is one."""
        return next((persona for persona in self.at(issuer) if persona.subject == subject), None)

    def create(self, display_name: str) -> LearningPersona:
        """Create a Partner University account and keep it.

        Raises:
            Refusal: the name is empty, too long or not printable, or there are too many accounts.
        """
        name = " ".join(display_name.split())
        if not name or len(name) > NAME_LIMIT or any(unicodedata.category(letter)[0] == "C" for letter in name):
            raise Refusal(400, "invalid_request", f"Enter a display name of 1 to {NAME_LIMIT} printable characters.")
        if len(self._created) >= ACCOUNT_LIMIT:
            raise Refusal(409, "too_many_accounts", f"The sandbox keeps at most {ACCOUNT_LIMIT} created accounts.")
        used = {persona.profile_id for persona in self.everyone() if isinstance(persona, LearningPersona)}
        while (learner_id := f"PU-{300000 + secrets.randbelow(700000)}") in used:
            pass
        persona = _account(f"new-{secrets.token_hex(6)}", name, learner_id)
        rows = [{"key": kept.key, "name": kept.name, "learner_id": kept.profile_id} for kept in self._created]
        rows.append({"key": persona.key, "name": persona.name, "learner_id": persona.profile_id})
        write_json(self._file, rows, mode=0o600)
        # Only now: what is not in the file must not be signed in with.
        self._created.append(persona)
        return persona


def _created(file: Path, row: Any) -> LearningPersona:
    try:
        return _account(str(row["key"]), str(row["name"]), str(row["learner_id"]))
    except (KeyError, TypeError):
        raise unreadable(file) from None


def _account(key: str, name: str, learner_id: str) -> LearningPersona:
    email = f"{learner_id.lower()}@learner.example"
    return LearningPersona(key, PARTNER_UNIVERSITY.key, name, email, "Account created in this sandbox.", learner_id)
