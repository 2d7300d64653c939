"""Tables of the notifications service."""

from services.notifications.models.base import (
    TABLES,
    Base,
    OutboxMessage,
    StoredAnswer,
)
from services.notifications.models.feed import (
    Entry,
    FeedLog,
    KnownEntry,
    KnownHeartbeat,
    KnownPerson,
    LogCounter,
    SourceMemory,
)
from services.notifications.models.letters import (
    Composition,
    ConsentAct,
    ConsentRecord,
    DigestWindow,
    Issue,
    IssueState,
    NewsletterRule,
    Subscription,
    SubscriptionState,
    WindowOutcome,
)
from services.notifications.models.mail import Delivery, RelayHealth, Suppression

__all__ = [
    "TABLES",
    "Base",
    "Composition",
    "ConsentAct",
    "ConsentRecord",
    "Delivery",
    "DigestWindow",
    "Entry",
    "FeedLog",
    "Issue",
    "IssueState",
    "KnownEntry",
    "KnownHeartbeat",
    "KnownPerson",
    "LogCounter",
    "NewsletterRule",
    "OutboxMessage",
    "RelayHealth",
    "SourceMemory",
    "StoredAnswer",
    "Subscription",
    "SubscriptionState",
    "Suppression",
    "WindowOutcome",
]
