"""Who speaks in a mail: the EPCI, its neighbours, its address, its signed links."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from services.notifications.rules.keys import Keys
from shared.settings import InstanceSettings
from shared.signing import Signer
from shared.territory.members import Member, Territory


@dataclass(frozen=True)
class House:
    """The instance as its mails show it."""

    own: Member
    territory: Territory
    base_url: str
    mail_from: str
    demo: bool
    signer: Signer
    keys: Keys

    @property
    def domain(self) -> str:
        """The part of the sender’s address after the @."""
        return self.mail_from.rpartition("@")[2]

    def link(self, purpose: str, subject: str, path: str) -> str:
        """Return an address of this instance that carries a signed token in place of ``{token}``."""
        return self.base_url.rstrip("/") + path.replace("{token}", self.signer.token(purpose, subject))

    def safe_link(self, link: str | None, *, siren: str) -> str:
        """Return ``link`` if it leads to the EPCI that it is said to come from, else the home page of that EPCI."""
        member = self.territory.find(siren) or self.own
        if link and urlsplit(link)[:2] == urlsplit(member.base_url)[:2]:
            return link
        return member.base_url


class Surroundings(Protocol):
    """What knows which instance this is: a running application, or the work of a job."""

    @property
    def settings(self) -> InstanceSettings:
        """The settings of the instance."""

    @property
    def territory(self) -> Territory:
        """Its EPCI and the others."""

    @property
    def signer(self) -> Signer:
        """What signs its links."""


def house_of(surroundings: Surroundings) -> House:
    """Return the house that an instance is."""
    settings, territory = surroundings.settings, surroundings.territory
    return House(
        own=territory.member(settings.siren),
        territory=territory,
        base_url=settings.base_url,
        mail_from=settings.mail_from or "estuaire@localhost",
        demo=territory.demo,
        signer=surroundings.signer,
        keys=Keys(settings.secret()),
    )
