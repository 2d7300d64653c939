"""Every figure that an instance shows to Prometheus: defined here once, counted where things happen.

Labels are our own words, SIREN, topics, groups and route templates: never an id, an address, a name or a text.
"""

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
_OF_SERVICE = ("epci", "service")
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# From a commit here to a commit elsewhere: milliseconds, or the days that an EPCI was away.
_WAY = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600, 3600, 86400)

PUBLISHED = Counter("estuaire_outbox_published_total", "Rows published", _OF_SERVICE)
SEND_ERRORS = Counter("estuaire_outbox_send_errors_total", "Failed sends", (*_OF_SERVICE, "verdict"))
BACKLOG = Gauge("estuaire_outbox_backlog", "Rows not yet published", _OF_SERVICE)
OLDEST = Gauge("estuaire_outbox_oldest_age_seconds", "Age of the oldest row not yet published", _OF_SERVICE)
BLOCKED = Gauge("estuaire_outbox_blocked_keys", "Keys held back behind a row that Kafka refuses", _OF_SERVICE)

STAGES = Histogram(
    "estuaire_message_stage_seconds",
    "Time of each stage of a message: sent, acknowledged, received, applied, whole",
    (*_OF_SERVICE, "stage"),
    buckets=_WAY,
)
APPLIED = Counter("estuaire_records_applied_total", "Records applied", (*_OF_SERVICE, "how"))
RETRIES = Counter("estuaire_record_retries_total", "Failed tries of records, to be tried again", _OF_SERVICE)
DEAD = Counter("estuaire_dead_letters_total", "Records set aside", (*_OF_SERVICE, "reason"))
UNSETTLED = Gauge("estuaire_dead_letters_unsettled", "Records set aside that nobody has judged", _OF_SERVICE)
FORGED = Counter("estuaire_forged_records_total", "Records that speak for another, or take an id of its", _OF_SERVICE)
WENT_BACK = Counter("estuaire_log_went_back_total", "Keys said again, the log having gone back", _OF_SERVICE)
UNKNOWN = Counter("estuaire_unknown_facts_total", "Facts of newer senders, not acted upon", _OF_SERVICE)
STUCK = Gauge(
    "estuaire_delivery_stuck_seconds", "Since when a group waits for a database or Kafka", (*_OF_SERVICE, "group")
)
PAUSED = Gauge("estuaire_topic_paused", "Topics the breaker holds", (*_OF_SERVICE, "group", "topic"))
PARKED = Gauge("estuaire_parked_records", "Records that wait for what they refer to", _OF_SERVICE)
LAG = Gauge("estuaire_consumer_lag_records", "Records not yet applied", (*_OF_SERVICE, "group", "topic"))

REQUESTS = Histogram(
    "estuaire_http_request_duration_seconds",
    "Time until the answer begins",
    ("method", "route", "status"),
    buckets=_QUICK,
)
JOBS = Histogram("estuaire_job_duration_seconds", "Time of each step of a job", (*_OF_SERVICE, "job"), buckets=_QUICK)
JOB_FAILURES = Counter("estuaire_job_failures_total", "Steps of jobs that failed", (*_OF_SERVICE, "job"))
MAILS = Counter("estuaire_mails_total", "States that mails came to", ("epci", "lane", "outcome"))

DATABASE_UP = Gauge("estuaire_database_up", "Whether the database answers", _OF_SERVICE)
KAFKA_UP = Gauge("estuaire_kafka_up", "Whether Kafka answers", ("epci",))
BUILD = Gauge("estuaire_build_info", "Always 1; what runs here", ("version", "python"))


def written() -> bytes:
    """Return every figure in Prometheus’ text format."""
    return generate_latest()


def say_build(version: str) -> None:
    """Say which software runs, on which Python."""
    BUILD.labels(version, platform.python_version()).set(1)


@contextmanager
def step_of(job: str, *, epci: str, service: str) -> Iterator[None]:
    """Time one step of a job; one that raises counts as failed too."""
    began = time.perf_counter()
    try:
        yield
    except Exception:
        JOB_FAILURES.labels(epci, service, job).inc()
        raise
    finally:
        JOBS.labels(epci, service, job).observe(time.perf_counter() - began)
