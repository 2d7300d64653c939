"""What is news in a project: its birth, its great stages, money granted or paid, an EPCI that joins."""

from collections.abc import Iterator
from decimal import Decimal

from services.notifications.rules.news import SUMMARY, Marks, News, Source, said, shortened
from shared.contracts.base import Visibility
from shared.contracts.labels import AXES, STAGES
from shared.contracts.notifications import EntryKind
from shared.contracts.projects import ParticipantStatus, Project, Stage, Totals
from shared.fields import scrub_line
from shared.territory.communes import commune_name
from shared.web.formats import a, euros, liste_et, pluriel

LIFE, FUNDING, PARTNERS = "life", "funding", "partners"
OPEN = "open"

TOLD_STAGES = {
    Stage.COMMITTED: "le projet est validé",
    Stage.DELIVERY: "la réalisation commence",
    Stage.COMPLETED: "le projet est réalisé",
    Stage.REJECTED: "le projet n’est pas retenu",
    Stage.ABANDONED: "le projet est abandonné",
}
_ENDED = {Stage.REJECTED.value, Stage.ABANDONED.value}


def project_source(project: Project) -> Source:
    """Return what every entry of a project repeats; the name is safe in a header."""
    return Source(
        type=Project.aggregate,
        name=scrub_line(project.title),
        visibility=Visibility(project.visibility) if project.visibility in set(Visibility) else Visibility.PRIVATE,
        axis=project.axis if project.axis != "other" else None,
        communes=project.commune_insee,
        epcis=_accepted(project),
    )


def may_tell_project(project: Project) -> bool:
    """Tell whether the feed may speak of a project: a confidential one shows only as its card."""
    return (
        bool(project.title)
        and not project.confidential
        and project_source(project).visibility.reaches(Visibility.TERRITORY)
    )


def project_marks(project: Project) -> Marks:
    """Return what there is to tell of a project now."""
    return {
        LIFE: project.stage if project.stage in TOLD_STAGES else OPEN,
        "granted": str(_told_totals(project).granted),
        "paid": str(_told_totals(project).paid),
        PARTNERS: " ".join(_accepted(project)),
    }


def project_news(project: Project, told: Marks | None) -> list[News]:
    """Return the news of a project since ``told``; at birth (``None``) one entry says all of it."""
    if told is None:
        return [_life(project, _birth(project))]
    return [*_life_news(project, told), *_money_news(project, told), *_partner_news(project, told)]


def project_summary(project: Project, topic: str) -> str:
    """Return the second line of an entry of this topic, from what the public may know of the project."""
    if topic == FUNDING:
        return _money_summary(project)
    if topic == PARTNERS:
        return f"{pluriel(len(_accepted(project)) + 1, 'EPCI', 'EPCI')} participent au projet."
    return shortened(project.public_summary.replace("\n", " "), SUMMARY) or _described(project)


def _birth(project: Project) -> str:
    imported = any(entry.by_import for entry in project.stage_history)
    return "nouvelle fiche" if imported else "nouveau projet"


def _life(project: Project, words: str, *, importance: int = 1) -> News:
    return News(LIFE, EntryKind.PROJECT, said(words), project_summary(project, LIFE), importance)


def _life_news(project: Project, told: Marks) -> Iterator[News]:
    mark = project_marks(project)[LIFE]
    if mark == told[LIFE]:
        return
    if mark != OPEN:
        yield _life(project, TOLD_STAGES[Stage(mark)], importance=2)
    elif told[LIFE] in _ENDED:
        yield _life(project, "le projet reprend")


def _money_news(project: Project, told: Marks) -> Iterator[News]:
    granted = _told_totals(project).granted - Decimal(told["granted"])
    paid = _told_totals(project).paid - Decimal(told["paid"])
    words = [
        *([f"{euros(granted)} accordés"] if granted > 0 else []),
        *([f"{euros(paid)} versés"] if paid > 0 else []),
    ]
    if words:
        yield News(FUNDING, EntryKind.FUNDING, said(liste_et(words)), _money_summary(project), importance=2)


def _partner_news(project: Project, told: Marks) -> Iterator[News]:
    new = set(_accepted(project)) - set(told[PARTNERS].split())
    if new:
        words = "un EPCI rejoint le projet" if len(new) == 1 else f"{len(new)} EPCI rejoignent le projet"
        yield News(PARTNERS, EntryKind.PROJECT, said(words), project_summary(project, PARTNERS))


def _accepted(project: Project) -> tuple[str, ...]:
    return tuple(
        sorted(
            participant.siren
            for participant in project.participants
            if participant.status == ParticipantStatus.ACCEPTED and participant.siren != project.home_epci
        )
    )


def _told_totals(project: Project) -> Totals:
    """Return the amounts that may be told: an entry goes as far as its project, amounts sometimes less far."""
    kept_back = project.visibility == Visibility.PUBLIC and not project.shows_amounts
    return Totals() if kept_back else project.totals


def _money_summary(project: Project) -> str:
    totals = _told_totals(project)
    sums = [f"{euros(totals.granted)} accordés", *([f"{euros(totals.paid)} versés"] if totals.paid else [])]
    cost = f", pour un coût de {euros(totals.total_cost_ht)}{_NB}HT" if totals.total_cost_ht else ""
    return f"Au total {liste_et(sums)}{cost}."


def _described(project: Project) -> str:
    places = liste_et([a(commune_name(insee)) for insee in project.commune_insee[:3]])
    parts = (
        f"{places[0].upper()}{places[1:]}." if places else "",
        f"{AXES[project.axis]}." if project.axis and project.axis in AXES else "",
    )
    stage = f"Étape{_NB}: {STAGES[project.stage]}." if project.stage in STAGES else ""
    return " ".join(part for part in (*parts, stage) if part)


_NB = "\u00a0"
