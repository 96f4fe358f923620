"""Which learning providers are there?"""

from domain.providers.learning import ProfileReader
from domain.providers.microsoft_learn import MicrosoftLearn
from domain.providers.partner_university import PartnerUniversity
from domain.rules.enums import LearningProvider

PROFILE_READERS: dict[LearningProvider, ProfileReader] = {
    reader.provider: reader for reader in (MicrosoftLearn(), PartnerUniversity())
}
