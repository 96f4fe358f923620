"""What does a resolver know of the operation it works for?"""

from dataclasses import dataclass
from datetime import datetime

from strawberry.types.info import Info as StrawberryInfo

from api.runtime import Runtime
from domain.rules.visibility import Viewer


@dataclass(frozen=True, kw_only=True)
class Context:
    """One operation's caller and instant (aware, UTC); a subscription has a new one for each event."""

    runtime: Runtime
    viewer: Viewer | None
    now: datetime


Info = StrawberryInfo[Context, None]
