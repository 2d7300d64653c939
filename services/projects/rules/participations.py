"""Where an owner and a partner EPCI stand together: each writes its own half, nobody the other’s."""

from services.projects.rules.words import Entry
from shared.contracts.projects import Answer, ParticipantStatus

_INVITED = {
    None: ParticipantStatus.INVITED,
    Answer.PROPOSED: ParticipantStatus.INVITED,
    Answer.ACCEPTED: ParticipantStatus.ACCEPTED,
    Answer.DECLINED: ParticipantStatus.DECLINED,
}
_ANSWERED = {Entry.NONE: ParticipantStatus.PROPOSED, Entry.AGREED: ParticipantStatus.ACCEPTED}
INVITABLE = frozenset({ParticipantStatus.DECLINED, ParticipantStatus.LEFT, ParticipantStatus.REMOVED})
"""Standings after which a new invitation, one round later, makes sense; a refused proposal too."""


def published_status(
    entry: Entry, *, entry_round: int, answer: Answer | None, answer_round: int
) -> ParticipantStatus | None:
    """Return the status an owner publishes; ``None`` when the partner is not to be listed.

    Args:
        entry: what the owner wrote.
        entry_round: how often it invited; an answer of another round counts for nothing.
        answer: what the partner wrote, if anything.
        answer_round: the round it answered to.
    """
    if entry is Entry.REMOVED:
        return ParticipantStatus.REMOVED
    heard = answer if answer_round == entry_round else None
    if heard is Answer.LEFT:
        return ParticipantStatus.LEFT
    if entry is Entry.INVITED:
        return _INVITED[heard]
    if entry is Entry.TURNED_DOWN:
        return ParticipantStatus.REFUSED
    return _ANSWERED[entry] if heard is Answer.PROPOSED or entry is Entry.AGREED else None


def can_answer(status: ParticipantStatus | None, answer: Answer, *, before: Answer | None) -> bool:
    """Tell whether a partner may say ``answer``.

    Args:
        status: what the owner publishes of it; ``None`` when it is not listed.
        answer: what it wants to say.
        before: what it said in this round, which the owner may not have heard yet.
    """
    if answer is Answer.PROPOSED:
        return status is None
    if answer is Answer.LEFT:
        return status is ParticipantStatus.ACCEPTED or (
            status is ParticipantStatus.INVITED and before is Answer.ACCEPTED
        )
    return status in {ParticipantStatus.INVITED, ParticipantStatus.ACCEPTED, ParticipantStatus.DECLINED}
