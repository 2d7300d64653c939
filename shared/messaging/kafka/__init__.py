"""The only room that speaks Kafka: replaceable producers, raw subscribers, nothing of any service."""

from shared.messaging.kafka.access import Welcome, client_options, knock
from shared.messaging.kafka.consuming import (
    Subscribers,
    Subscription,
    keep_raw,
    parse_cleaned,
    raw_of,
    subscribe,
)
from shared.messaging.kafka.looking import Bounds, bounds
from shared.messaging.kafka.polling import BATCH, POLL_MS
from shared.messaging.kafka.publishing import (
    FACTS,
    MAX_REQUEST,
    METADATA_MS,
    DeadLetters,
    Publisher,
    acknowledges,
    answers,
)
from shared.messaging.kafka.quotas import quotas_of, set_quotas
from shared.messaging.kafka.reading import LogReader

__all__ = [
    "BATCH",
    "FACTS",
    "MAX_REQUEST",
    "METADATA_MS",
    "POLL_MS",
    "Bounds",
    "DeadLetters",
    "LogReader",
    "Publisher",
    "Subscribers",
    "Subscription",
    "Welcome",
    "acknowledges",
    "answers",
    "bounds",
    "client_options",
    "keep_raw",
    "knock",
    "parse_cleaned",
    "quotas_of",
    "raw_of",
    "set_quotas",
    "subscribe",
]
