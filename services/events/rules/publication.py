"""Both status axes of an event: whether it is shown, and whether it takes place."""

from datetime import datetime
from enum import StrEnum

from shared.contracts.base import Visibility
from shared.contracts.events import AttendanceMode, RegistrationMode, Schedule


class Publication(StrEnum):
    """How far an event is on its way to the public."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    READY = "ready"
    REFUSED = "refused"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    ARCHIVED = "archived"


LABELS = {
    Publication.DRAFT: "brouillon",
    Publication.IN_REVIEW: "à relire",
    Publication.READY: "prêt",
    Publication.REFUSED: "refusé",
    Publication.PUBLISHED: "publié",
    Publication.UNPUBLISHED: "retiré",
    Publication.ARCHIVED: "archivé",
}

_NEXT = {
    Publication.DRAFT: {Publication.IN_REVIEW},
    Publication.IN_REVIEW: {Publication.READY, Publication.REFUSED, Publication.DRAFT},
    Publication.READY: {Publication.PUBLISHED, Publication.REFUSED},
    Publication.REFUSED: {Publication.DRAFT},
    Publication.PUBLISHED: {Publication.UNPUBLISHED, Publication.ARCHIVED},
    Publication.UNPUBLISHED: {Publication.ARCHIVED},
    Publication.ARCHIVED: set(),
}
# Agents propose; whether something is shown, refused or taken back is for a coordinator.
_PROPOSALS = frozenset({Publication.IN_REVIEW, Publication.DRAFT})

_NEXT_SCHEDULE = {
    Schedule.SCHEDULED: {Schedule.RESCHEDULED, Schedule.MOVED_ONLINE, Schedule.POSTPONED, Schedule.CANCELLED},
    Schedule.RESCHEDULED: {Schedule.RESCHEDULED, Schedule.MOVED_ONLINE, Schedule.POSTPONED, Schedule.CANCELLED},
    Schedule.MOVED_ONLINE: {Schedule.RESCHEDULED, Schedule.POSTPONED, Schedule.CANCELLED},
    Schedule.POSTPONED: {Schedule.RESCHEDULED, Schedule.CANCELLED},
    Schedule.CANCELLED: set(),
}
SCHEDULE_LABELS = {
    Schedule.SCHEDULED: "prévu",
    Schedule.RESCHEDULED: "déplacé",
    Schedule.MOVED_ONLINE: "passé en ligne",
    Schedule.POSTPONED: "reporté",
    Schedule.CANCELLED: "annulé",
}
NOT_TAKING_PLACE = frozenset({Schedule.POSTPONED, Schedule.CANCELLED})
SHOWN = frozenset({Publication.PUBLISHED, Publication.ARCHIVED})
EDITED_FREELY = frozenset({Publication.DRAFT, Publication.IN_REVIEW, Publication.READY, Publication.REFUSED})


def can_publish_as(now: Publication, to: Publication) -> bool:
    """Tell whether one publication status may follow another."""
    return to in _NEXT[now]


def needs_coordinator(to: Publication) -> bool:
    """Tell whether only a coordinator may put an event there."""
    return to not in _PROPOSALS


def can_schedule_as(now: Schedule, to: Schedule) -> bool:
    """Tell whether one schedule status may follow another."""
    return to in _NEXT_SCHEDULE[now]


def narrows(before: Visibility, after: Visibility) -> bool:
    """Tell whether fewer people may read afterwards."""
    return not after.reaches(before)


def lacks_link(mode: AttendanceMode, link: str | None) -> bool:
    """Tell whether those who take part from afar would not know where to go."""
    return mode is not AttendanceMode.IN_PERSON and not link


def why_closed(
    *, publication: Publication, schedule: Schedule, mode: RegistrationMode, closes: datetime, now: datetime
) -> str | None:
    """Return why nobody can register at ``now``, in a French sentence; ``None`` when one can."""
    if publication is not Publication.PUBLISHED:
        return "Les inscriptions ne sont pas ouvertes pour ce rendez-vous."
    if schedule is Schedule.CANCELLED:
        return "Ce rendez-vous est annulé."
    if schedule is Schedule.POSTPONED:
        return "Ce rendez-vous est reporté. Les inscriptions rouvrent quand sa nouvelle date est connue."
    if mode is not RegistrationMode.FREE:
        return "L’inscription à ce rendez-vous se fait auprès de son organisateur."
    if now >= closes:
        return "Les inscriptions à ce rendez-vous sont closes."
    return None
