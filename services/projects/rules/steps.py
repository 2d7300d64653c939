"""The steps of a funding line: what may follow what, and what a refused one is told."""

from collections.abc import Mapping
from decimal import Decimal

from services.projects.rules.funding import ASKED, OPEN
from services.projects.rules.words import OWN_MONEY, FundingStep
from shared.contracts.projects import FundingNature, FundingStatus

_FROM: Mapping[FundingStep, frozenset[FundingStatus]] = {
    FundingStep.REQUEST: frozenset({FundingStatus.PLANNED, FundingStatus.REFUSED}),
    FundingStep.REVIEW: frozenset({FundingStatus.REQUESTED}),
    FundingStep.GRANT: ASKED,
    FundingStep.REFUSE: ASKED,
    FundingStep.PAY: frozenset({FundingStatus.GRANTED, FundingStatus.PARTLY_PAID}),
    FundingStep.WITHDRAW: OPEN | {FundingStatus.GRANTED, FundingStatus.PARTLY_PAID, FundingStatus.REFUSED},
}
CLOSED = frozenset({FundingStatus.PAID, FundingStatus.REFUSED, FundingStatus.WITHDRAWN})
"""Statuses under which a line is no longer edited."""


def can_step(status: FundingStatus, nature: FundingNature, step: FundingStep) -> bool:
    """Tell whether a step may follow; own funds and gifts in kind are granted by one’s own deliberation, unasked."""
    if step is FundingStep.GRANT and status is FundingStatus.PLANNED:
        return nature in OWN_MONEY
    return status in _FROM[step]


def grant_problem(
    nature: FundingNature, *, amount: Decimal, requested: Decimal | None, reference: str, reason: str
) -> str | None:
    """Return why an amount may not be granted like that, in French; ``None`` when it may."""
    if nature in OWN_MONEY and not reference:
        return "Indiquez la référence de la délibération."
    if requested is not None and amount > requested and not reason:
        return "Le montant accordé dépasse le montant demandé : indiquez le motif."
    return None


def status_once_paid(granted: Decimal, paid: Decimal) -> FundingStatus | None:
    """Return the status of a line after a payment; ``None`` when more was paid than granted."""
    if paid > granted:
        return None
    return FundingStatus.PAID if paid == granted else FundingStatus.PARTLY_PAID
