"""What the pages behind the links of mails say of a place."""

from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.events import RegistrationState as S


class Purpose(StrEnum):
    """What a signed link of a mail is for; each has a key of its own."""

    CONFIRM = "registration-confirm"
    MANAGE = "registration-manage"
    OFFER = "registration-offer"


PATHS = {
    Purpose.CONFIRM: "/agenda/inscription/confirmer/{token}",
    Purpose.MANAGE: "/agenda/inscription/gerer/{token}",
    Purpose.OFFER: "/agenda/inscription/place/{token}",
}


@dataclass(frozen=True)
class Screen:
    """The heading of a page and its sentence; ``ok`` for what went as the person wished."""

    title: str
    sentence: str
    ok: bool = True


SCREENS = {
    S.PENDING_EMAIL: Screen(
        "Confirmer votre inscription",
        "Un clic prouve que cette adresse est la vôtre. La place est alors à vous, ou votre nom entre dans la liste "
        "d’attente si tout est pris.",
    ),
    S.PENDING_APPROVAL: Screen("Votre demande est transmise", "L’organisateur vous répond par message."),
    S.WAITLISTED: Screen(
        "Vous êtes dans la liste d’attente",
        "Toutes les places sont prises. Dès qu’une place se libère pour vous, un message vous la propose.",
    ),
    S.OFFERED: Screen(
        "Une place s’est libérée pour vous",
        "Acceptez-la, ou laissez-la à la personne suivante.",
    ),
    S.REGISTERED: Screen(
        "Votre place est réservée",
        "Un message vous le confirme, avec le rendez-vous à ajouter à votre agenda.",
    ),
    S.ATTENDED: Screen("Vous y étiez", "Votre présence est notée. Merci de votre venue."),
    S.NO_SHOW: Screen("Ce rendez-vous a eu lieu", "Votre présence n’y est pas notée."),
    S.CANCELLED_BY_PERSON: Screen(
        "Votre inscription est annulée",
        "Si vous aviez une place, elle va à la personne suivante. Un message le confirme.",
    ),
    S.CANCELLED_BY_ORGANISER: Screen(
        "Votre inscription est annulée", "L’organisateur l’a annulée\u202f; son message dit pourquoi.", ok=False
    ),
    S.REJECTED: Screen("Votre demande n’est pas retenue", "Le message de l’organisateur dit pourquoi.", ok=False),
    S.DECLINED: Screen("Vous laissez la place", "Elle va à la personne suivante. Merci pour elle."),
    S.EXPIRED: Screen(
        "Lien expiré",
        "Cette demande ou cette proposition a pris fin. Une nouvelle demande se fait depuis la page du rendez-vous.",
        ok=False,
    ),
}
