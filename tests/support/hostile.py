"""Everything that a record may have wrong with it, and why it is then refused; and what it may have and still count."""

from datetime import timedelta
from uuid import UUID

from shared.clock import now
from tests.support.peer import Spoil, Written

MANY = tuple((f"x-{number}", b"1") for number in range(10_000))
YEAR_1 = b"0001-01-01T00:00:00+14:00"
IN_3_DAYS = (now() + timedelta(days=3)).isoformat().encode()

REFUSED: dict[str, tuple[str, Spoil]] = {
    "half a value": ("contract:JSONDecodeError", lambda one: one.raw((one.value or b"")[:40])),
    "not a number": ("contract:ValueError", lambda one: one.raw((one.value or b"")[:-1] + b',"x":NaN}')),
    "a doubled key": ("contract:ValueError", lambda one: one.raw((one.value or b"")[:-1] + b',"title":"deux"}')),
    "10^5 levels": ("contract:RecursionError", lambda one: one.raw(b"[" * 100_000 + b"]" * 100_000)),
    "a lone surrogate": ("contract:ValidationError", lambda one: one.body(title="a\ud800b")),
    "a NUL": ("contract:ValidationError", lambda one: one.body(title="a\0b")),
    "2^63": ("contract:ValidationError", lambda one: one.body(version=2**63)),
    "5,000 digits": ("contract:ValueError", lambda one: one.raw(b'{"version":' + b"9" * 5000 + b"}")),
    "UTF-16": ("contract:UnicodeDecodeError", lambda one: one.raw((one.value or b"").decode().encode("utf-16"))),
    "a list": ("contract:ValidationError", lambda one: one.raw(b"[]")),
    "a null that is no tombstone": ("contract:ValidationError", lambda one: one.raw(b"null")),
    "nothing that is no tombstone": ("contract:JSONDecodeError", lambda one: one.raw(b"")),
    "300 KiB": ("oversize", lambda one: one.body(summary="x" * 300 * 1024)),
    "all that a topic takes": ("oversize", lambda one: one.raw(b"x" * (1_048_588 - 1500))),
    "a null header": ("header_missing:ce_source", lambda one: one.head("ce_source", None)),
    "a header that is no text": ("header_missing:ce_id", lambda one: one.head("ce_id", b"\xff\xfe")),
    "a header with a NUL": ("header_missing:ce_id", lambda one: one.head("ce_id", b"a\0b")),
    "a header of 2 KiB": ("header_missing:ce_id", lambda one: one.head("ce_id", b"a" * 2048)),
    "10,000 headers before": ("header_missing:ce_specversion", lambda one: one.before(*MANY)),
    "no header": ("header_missing:ce_specversion", lambda one: Written(one.key, one.value, ())),
    "a tombstone without headers": ("header_missing:ce_specversion", lambda one: Written(one.key, None, ())),
    "another type": ("foreign_type", lambda one: one.head("ce_type", b"fr.ti.agenda-event.published.v1")),
    "another major version": ("foreign_type", lambda one: one.head("ce_type", b"fr.ti.project.updated.v2")),
    "another service": ("foreign_source", lambda one: one.head("ce_source", _source(one, "contacts"))),
    "another EPCI in the source": ("foreign_source", lambda one: one.head("ce_source", b"/epci/200010700/projects")),
    "another EPCI in ce_epci": ("foreign_epci", lambda one: one.head("ce_epci", b"200010700")),
    "another owner": ("foreign_owner", lambda one: one.body(home_epci="200010700")),
    "another id": ("foreign_id", lambda one: one.body(id=str(UUID(int=7)))),
    "another subject": ("key_is_not_subject", lambda one: one.head("ce_subject", str(UUID(int=7)).encode())),
    "a key in capitals": ("bad_key", lambda one: Written((one.key or b"").upper(), one.value, one.headers)),
    "a key that is no text": ("bad_key", lambda one: Written(b"\xff\xfe", one.value, one.headers)),
    "an empty key": ("bad_key", lambda one: Written(b"", one.value, one.headers)),
    "sequence 2^63-1": ("sequence_out_of_range", lambda one: one.head("ce_sequence", str(2**63 - 1).encode())),
    "sequence 0": ("sequence_out_of_range", lambda one: one.head("ce_sequence", b"0")),
    "no sequence": ("header_missing:ce_sequence", lambda one: one.without("ce_sequence")),
    "a word for a sequence": ("bad_sequence", lambda one: one.head("ce_sequence", b"douze")),
    "another version": ("version_mismatch", lambda one: one.head("ce_sequence", b"000000000002")),
    "in three days": ("time_ahead", lambda one: one.head("ce_time", IN_3_DAYS)),
    "yesterday in words": ("bad_time", lambda one: one.head("ce_time", b"hier")),
    "no time zone": ("bad_time", lambda one: one.head("ce_time", b"2026-01-01T00:00:00")),
    "a time before all time": ("bad_time", lambda one: one.head("ce_time", YEAR_1)),
}
FORGERIES = frozenset(
    {"foreign_source", "foreign_epci", "foreign_owner", "foreign_id", "key_is_not_subject", "sequence_out_of_range"}
)
ACCEPTED: dict[str, Spoil] = {
    "an unknown fact": lambda one: one.head("ce_type", b"fr.ti.project.merged.v1"),
    "an unknown word of a list": lambda one: one.body(stage="hibernation"),
    "an unknown field": lambda one: one.body(tomorrow={"deep": [1, 2]}),
    "10,000 headers behind": lambda one: one.after(*MANY),
    "a doubled header": lambda one: one.after(("ce_epci", b"200010700"), ("ce_source", b"/epci/200010700/projects")),
    "headers that are no text": lambda one: one.after(("x-null", None), ("x-latin", b"\xe9"), ("x", b"\xff")),
    "a wish for a reply": lambda one: one.after(("reply_to", b"ti.private.anywhere.person-card.v1")),
}


def _source(one: Written, service: str) -> bytes:
    epci = dict(one.headers)["ce_epci"] or b""
    return b"/epci/" + epci + b"/" + service.encode()
