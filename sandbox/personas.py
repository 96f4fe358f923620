"""The personas and what they have earned."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from sandbox.issuers import CONTOSO, FABRIKAM, MICROSOFT_LEARN, PARTNER_UNIVERSITY


@dataclass(frozen=True)
class WorkPersona:
    """A person as a work identity issuer knows them."""

    key: str
    issuer: str
    name: str
    email: str
    about: str

    @property
    def subject(self) -> str:
        """Return the `sub` by which the issuer knows the person."""
        return str(uuid5(NAMESPACE_URL, f"{self.issuer}/{self.key}"))


@dataclass(frozen=True)
class Earned:
    """Something that a learning account earned so many days before the data folder was created.

    A certification is valid for 12 months, and each renewal adds 12; `expires=False` is for fundamentals and
    assessments. Exams that are needed together are joined with "+".
    """

    certification: str
    # From the data folder's day: personas are fresh in every new folder, and do not shift when the clock is moved.
    days_ago: int
    kind: str = "CERTIFICATION"
    renewals: int = 0
    expires: bool = True


@dataclass(frozen=True)
class LearningPersona:
    """A person as a learning provider knows them; `profile_id` is the MCID or the learner id, if there is one."""

    key: str
    issuer: str
    name: str
    email: str
    about: str
    profile_id: str | None
    earned: tuple[Earned, ...] = ()

    @property
    def subject(self) -> str:
        """Return the `sub` by which the provider knows the person."""
        return str(uuid5(NAMESPACE_URL, f"{self.issuer}/{self.key}"))


Persona = WorkPersona | LearningPersona

WORK_PERSONAS = (
    WorkPersona("amara", CONTOSO.key, "Amara Osei", "amara.osei@contoso.example", "Came to Contoso from Fabrikam."),
    WorkPersona("nadia", CONTOSO.key, "Nadia Novak", "nadia.novak@contoso.example", "Administers Contoso's account."),
    WorkPersona("jonas", CONTOSO.key, "Jonas Lindqvist", "jonas.lindqvist@contoso.example", "Has no MCID yet."),
    WorkPersona("priya", CONTOSO.key, "Priya Raman", "priya.raman@contoso.example", "Let some certifications lapse."),
    WorkPersona("mei", CONTOSO.key, "Mei Tanaka", "mei.tanaka@contoso.example", "Was credited to Fabrikam before."),
    WorkPersona("tomasz", CONTOSO.key, "Tomasz Wilk", "tomasz.wilk@contoso.example", "Has a few certifications."),
    WorkPersona("felix", FABRIKAM.key, "Felix Berg", "felix.berg@fabrikam.example", "Administers Fabrikam's account."),
    WorkPersona(
        "amara-fabrikam", FABRIKAM.key, "Amara Osei", "amara.osei@fabrikam.example", "Amara in her earlier job."
    ),
    WorkPersona("mei-fabrikam", FABRIKAM.key, "Mei Tanaka", "mei.tanaka@fabrikam.example", "Mei in her earlier job."),
)

# Each of these lapsed once and was earned again, which makes a transcript of more than one page.
_EARNED_TWICE = (
    *("AZ-104", "DP-300", "PL-300", "DP-600", "DP-700", "DP-750", "DP-800", "AI-103", "AI-200", "AI-300"),
    *("AZ-700", "PL-400", "MB-230", "MB-310", "MB-330", "MB-500", "MB-800", "MB-820", "AB-210", "AB-250"),
    *("AB-410", "AB-620", "MS-700", "MS-721", "MD-102", "SC-200", "SC-300", "SC-401"),
)

LEARNING_PERSONAS = (
    LearningPersona(
        key="amara-learn",
        issuer=MICROSOFT_LEARN.key,
        name="Amara Osei",
        email="amara.osei@mail.example",
        about="Complete profile. Six valid certifications, one of which expires within weeks, and one that lapsed.",
        profile_id="991204737",
        earned=(
            Earned("PL-300", days_ago=900),
            Earned("SC-300", days_ago=344),
            Earned("AZ-104", days_ago=300),
            Earned("AZ-305", days_ago=210),
            Earned("AZ-400", days_ago=120),
            Earned("AZ-700", days_ago=40),
            Earned("DP-600", days_ago=3),
        ),
    ),
    LearningPersona(
        key="jonas-learn",
        issuer=MICROSOFT_LEARN.key,
        name="Jonas Lindqvist",
        email="jonas@mail.example",
        about="Incomplete profile: there is no MCID yet.",
        profile_id=None,
        earned=(Earned("AB-900", days_ago=200, expires=False), Earned("MS-700", days_ago=60)),
    ),
    LearningPersona(
        key="priya-learn",
        issuer=MICROSOFT_LEARN.key,
        name="Priya Raman",
        email="priya.raman@mail.example",
        about="Complete profile. Two certifications lapsed long ago, four are valid, one of them renewed.",
        profile_id="990418265",
        earned=(
            Earned("DP-203", days_ago=1100),
            Earned("DP-300", days_ago=700),
            Earned("AZ-104", days_ago=500, renewals=1),
            Earned("AZ-800+AZ-801", days_ago=150),
            Earned("SC-200", days_ago=80),
            Earned("PL-400", days_ago=20),
        ),
    ),
    LearningPersona(
        key="mei-learn",
        issuer=MICROSOFT_LEARN.key,
        name="Mei Tanaka",
        email="mei.tanaka@mail.example",
        about="Complete profile, already linked with Fabrikam. Four valid certifications.",
        profile_id="991877502",
        earned=(
            Earned("AZ-104", days_ago=250),
            Earned("AZ-305", days_ago=180),
            Earned("SC-200", days_ago=100),
            Earned("SC-100", days_ago=60),
        ),
    ),
    LearningPersona(
        key="tomasz-learn",
        issuer=MICROSOFT_LEARN.key,
        name="Tomasz Wilk",
        email="tomasz.wilk@mail.example",
        about="Complete profile. Three valid certifications.",
        profile_id="990731148",
        earned=(Earned("MD-102", days_ago=200), Earned("MS-721", days_ago=90), Earned("SC-401", days_ago=30)),
    ),
    LearningPersona(
        key="ingrid-learn",
        issuer=MICROSOFT_LEARN.key,
        name="Ingrid Solheim",
        email="ingrid.solheim@mail.example",
        about="Complete profile, with a transcript of two pages.",
        profile_id="991350096",
        earned=(
            *(Earned(code, days_ago=400 + 10 * position) for position, code in enumerate(_EARNED_TWICE)),
            *(Earned(code, days_ago=20 + 10 * position) for position, code in enumerate(_EARNED_TWICE)),
        ),
    ),
    LearningPersona(
        key="amara-university",
        issuer=PARTNER_UNIVERSITY.key,
        name="Amara Osei",
        email="amara.osei@mail.example",
        about="Existing account with a technical assessment.",
        profile_id="PU-204417",
        earned=(Earned("PU-TEAMS-MEETINGS-ROOMS", days_ago=420, kind="ASSESSMENT", expires=False),),
    ),
)
