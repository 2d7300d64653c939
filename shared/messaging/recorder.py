"""Tell the territory of a change: outbox rows in the caller’s transaction, one per topic its visibility allows."""

import json

from shared import tracing
from shared.clock import now
from shared.contracts.base import State, Visibility
from shared.db.session import Session, after_commit, origin_of
from shared.errors import TooLarge
from shared.ids import uuid7
from shared.messaging.envelope import MAX_VALUE, TRACEPARENT, headers_of, message_type
from shared.messaging.outbox import OutboxColumns
from shared.messaging.registry import topic_of

WAKE_RELAY = "wake_relay"


def record(
    session: Session, outbox: type[OutboxColumns], state: State, *, fact: str, visibility: Visibility | None = None
) -> None:
    """Add the outbox rows of a new state; flush the aggregate first, so that numbering follows versions.

    Args:
        session: the transaction of the change.
        outbox: the outbox table of the service.
        state: the full state, its version already raised.
        fact: what happened; one of the facts of the contract.
        visibility: how far the aggregate goes; the widest of the contract when it has no choice.

    Raises:
        ValueError: the contract knows no such fact.
        TooLarge: more than 256 KiB once written.
    """
    if fact not in state.facts:
        raise ValueError(f"{state.aggregate} knows no fact {fact}")
    for scope in _scopes(state, visibility):
        _add(session, outbox, state, fact=fact, scope=scope, value=_value(state, scope))


def record_deletion(
    session: Session, outbox: type[OutboxColumns], last: State, *, fact: str, visibility: Visibility | None = None
) -> None:
    """Say that an aggregate is gone: its last, redacted state, then a tombstone one version higher.

    The caller raises the version of its own row by two.

    Args:
        session: the transaction of the change.
        outbox: the outbox table of the service.
        last: the redacted state, at the first of the two versions.
        fact: one of the contract’s last facts.
        visibility: how far the aggregate went.
    """
    if fact not in last.last_facts:
        raise ValueError(f"{last.aggregate} does not end with {fact}")
    record(session, outbox, last, fact=fact, visibility=visibility)
    buried = last.model_copy(update={"version": last.version + 1})
    for scope in _scopes(last, visibility):
        _add(session, outbox, buried, fact=fact, scope=scope, value=None)


def record_narrowing(
    session: Session,
    outbox: type[OutboxColumns],
    state: State,
    last: State,
    *,
    fact: str,
    span: tuple[Visibility, Visibility],
) -> None:
    """Say that an aggregate goes less far: its state where it stays, its end where it is read no more.

    Its end is that of a deletion: a last, redacted state, then a tombstone one version higher. The caller raises the
    version of its own row by two; a later widening, higher again, passes the deletion markers of readers.

    Args:
        session: the transaction of the change.
        outbox: the outbox table of the service.
        state: the full state, at the first of the two versions.
        last: the redacted state, at the same version.
        fact: what happened, where it stays.
        span: how far it went before, and goes from now on.
    """
    before, after = span
    if after.reaches(before):
        raise ValueError(f"{after} is not less far than {before}")
    record(session, outbox, state, fact=fact, visibility=after)
    ending, buried = min(state.last_facts), last.model_copy(update={"version": last.version + 1})
    for scope in _scopes(state, before):
        if not after.reaches(scope):
            _add(session, outbox, last, fact=ending, scope=scope, value=_value(last, scope))
            _add(session, outbox, buried, fact=ending, scope=scope, value=None)


def _value(state: State, scope: Visibility) -> bytes:
    value = json.dumps(state.at(scope), ensure_ascii=False, separators=(",", ":")).encode()
    if len(value) > MAX_VALUE:
        raise TooLarge("Cette fiche dépasse 256 Kio ; raccourcissez ses textes.", limit_bytes=MAX_VALUE)
    return value


def _scopes(state: State, visibility: Visibility | None) -> list[Visibility]:
    return [scope for scope in state.scopes if visibility is None or visibility.reaches(scope)]


def _add(
    session: Session, outbox: type[OutboxColumns], state: State, *, fact: str, scope: Visibility, value: bytes | None
) -> None:
    origin, message_id, occurred = origin_of(session), uuid7(), now()
    headers = headers_of(state, origin=origin, fact=fact, visibility=scope, message_id=message_id, time=occurred)
    if value is not None:
        headers["content-type"] = "application/json"
    with tracing.span(f"record {state.aggregate}", kind=tracing.Kind.PRODUCER) as recorded:
        headers[TRACEPARENT] = str(recorded.trace)
    session.add(
        outbox(
            message_id=message_id,
            topic=str(topic_of(type(state), visibility=scope, epci=origin.epci)),
            key=str(state.id),
            aggregate_version=state.version,
            type=message_type(state.aggregate, fact, major=state.major),
            headers=json.dumps(headers),
            payload=value,
            occurred_at=occurred,
        )
    )
    wake = session.info.get(WAKE_RELAY)
    if wake is not None:
        after_commit(session, wake)
