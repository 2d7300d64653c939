"""The written code keeps the rules of the house; each failure names the line and the way out."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.code import EVERYTHING, PRODUCT, ROOT, Source, calls, dotted, imports, sources, told

MAX_FILE, MAX_FUNCTION = 300, 40

# The last one commits how far a group has read, to Kafka.
COMMITS = ("shared/db/engine.py", "shared/messaging/kafka/polling.py")
CATCHES_ALL = (
    "shared/messaging/relay.py",
    "shared/messaging/delivery/",
    "shared/messaging/kafka/",
    "shared/jobs.py",
    "services/host.py",
)
CLOCK, MAILS = ("shared/clock.py",), ("services/notifications/gateways/",)
# The local node draws the name of a Kafka cluster; the outsider’s reader may know nothing of our code.
IDS = ("shared/ids.py", "shared/messaging/embedded/", "services/demo/reader.py")
# It escapes first, and adds nothing but its own tags.
CLEANER = ("shared/web/formats.py",)
MADE_OF_TEXT = {"Template", "from_string", "Markup"}
# The demo plays users and readers from outside; the node fetches what it runs before there is an instance.
SPEAKS_HTTP = ("shared/outbound.py", "shared/outbound/", "services/demo/", "shared/messaging/embedded/")

WALL_CLOCK = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today|utcfromtimestamp|fromtimestamp)|date\.(today|fromtimestamp)"
    r"|utcnow|time\.time(_ns)?)$"
)
OUTGOING = re.compile(r"^(httpx2?|requests|aiohttp|urllib3|urllib\.request|http\.client)(\.|$)")
MAILING = re.compile(r"^(smtplib|aiosmtplib|email\.(message|mime)\b.*)(\.|$)")
NOT_OURS = {"sys", "os"}
PERSONAL_NAMES = {"email", "mail", "recipient", "address", "name", "given_name", "family_name", "phone"}
UNFIT_IN_LOGS = PERSONAL_NAMES | {"payload", "body", "record", "row", "model", "secret", "token"}
IMPORT_LINTER = Path(sys.executable).with_name("lint-imports")


def findings(*roots: str, except_in: tuple[str, ...] = ()) -> Iterator[Source]:
    """Return the files in which a rule holds."""
    return (source for source in sources(*roots) if not source.is_in(*except_in))


def test_the_code_was_found() -> None:
    paths = {source.path for source in sources(*EVERYTHING)}

    assert {"shared/clock.py", "shared/messaging/relay.py", "tests/architecture/test_code.py"} <= paths


def test_no_file_is_longer_than_300_lines() -> None:
    files = [path for kind in ("html", "js") for root in PRODUCT for path in (ROOT / root).rglob(f"*.{kind}")]
    own = [path for path in files if not {"node_modules", "vendor"} & set(path.parts)]
    lengths = {source.path: source.text.count("\n") for source in sources(*EVERYTHING)}
    lengths |= {str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n") for path in own}

    found = [
        f"{path}:{MAX_FILE}: {length} lines; make the room a package of the same name"
        for path, length in lengths.items()
        if length > MAX_FILE
    ]
    assert not found, told(found)


def test_no_function_is_longer_than_40_lines() -> None:
    found = [
        source.at(node, way_out=f"{node.name} has {length} lines; name its steps as functions")
        for source in sources(*EVERYTHING)
        for node in source.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION
    ]
    assert not found, told(found)


def test_only_the_engine_commits() -> None:
    found = [
        source.at(call, way_out="let `Database.transaction()` commit at the edge")
        for source in findings(*PRODUCT, except_in=COMMITS)
        for name, call in calls(source)
        if name.endswith(".commit")
    ]
    assert not found, told(found)


def test_only_the_edges_catch_everything() -> None:
    found = [
        source.at(
            handler, way_out="name the errors expected; the edges (relay, delivery, jobs, kafka, host) see the rest"
        )
        for source in findings(*PRODUCT, except_in=CATCHES_ALL)
        for handler in source.nodes
        if isinstance(handler, ast.ExceptHandler) and _catches_all(handler)
    ]
    assert not found, told(found)


def _catches_all(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False  # it tidies up and lets the error rise
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or dotted(kind) in {"Exception", "BaseException"} for kind in kinds)


def test_only_the_clock_reads_the_time() -> None:
    found = [
        source.at(call, way_out=f"{name}: use shared.clock, `now()` or `today()`")
        for source in findings(*PRODUCT, except_in=CLOCK)
        for name, call in calls(source)
        if WALL_CLOCK.search(name)
    ]
    assert not found, told(found)


def test_identifiers_come_from_one_function() -> None:
    found = [
        source.at(call, way_out=f"{name}: use shared.ids.uuid7")
        for source in findings(*PRODUCT, except_in=IDS)
        for name, call in calls(source)
        if re.search(r"(^|\.)uuid(1|3|4|6|8)$", name) or name.startswith("uuid_utils.")
    ]
    assert not found, told(found)


def test_messages_are_never_ordered_by_time_nor_the_outbox_read_by_number() -> None:
    found = []
    for source in findings("shared/messaging"):
        for name, call in calls(source):
            if name.endswith("order_by") and _names_an_instant(call.args):
                found.append(source.at(call, way_out="order by seq or version: clocks differ"))
        found += [
            source.at(node, way_out="choose by published_at: numbers are committed out of order")
            for node in source.nodes
            if _compares_seq(node)
        ]
        if re.search(r"\bseq\s*>|skip[ _]locked", source.text, re.IGNORECASE):
            found.append(f"{source.path}:1: no `seq >` and no SKIP LOCKED on the outbox: both lose order")
    assert not found, told(found)


def _names_an_instant(arguments: list[ast.expr]) -> bool:
    parts = [part for argument in arguments for part in ast.walk(argument)]
    return any(isinstance(part, ast.Attribute) and part.attr.endswith("_at") for part in parts)


def _compares_seq(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Compare)
        and any(isinstance(op, ast.Gt | ast.GtE) for op in node.ops)
        and any(isinstance(side, ast.Attribute) and side.attr == "seq" for side in (node.left, *node.comparators))
    )


def test_no_template_is_made_of_text_and_no_escaping_switched_off() -> None:
    found = [
        source.at(call, way_out=f"{name}: render a template file; let autoescape do its work")
        for source in findings(*PRODUCT, except_in=CLEANER)
        for name, call in calls(source)
        if name.split(".")[-1] in MADE_OF_TEXT and name.split(".")[-1] not in _without_markup(source)
    ]
    assert not found, told(found)


def _without_markup(source: Source) -> set[str]:
    """Return ``Template`` where it is the one of the standard library, which fills in files of settings."""
    return {name.removeprefix("string.") for name, _ in imports(source) if name == "string.Template"}


def test_only_the_outbound_room_asks_other_machines() -> None:
    found = [
        source.at(node, way_out=f"{name}: use the clients of shared.outbound")
        for source in findings(*PRODUCT, except_in=SPEAKS_HTTP)
        for name, node in imports(source)
        if OUTGOING.match(name)
    ]
    assert not found, told(found)


def test_only_the_mail_gateway_writes_mails() -> None:
    found = [
        source.at(node, way_out=f"{name}: order a mail (MailOrder); notifications sends it")
        for source in findings(*PRODUCT, except_in=MAILS)
        for name, node in imports(source)
        if MAILING.match(name) and not (name.startswith("email.") and source.is_in("services/demo/"))
    ]
    assert not found, told(found)


def test_logs_tell_past_facts_with_ids_counts_and_enums() -> None:
    found = []
    for source in findings(*PRODUCT):
        for name, call in calls(source):
            if re.fullmatch(r"_?log\.(debug|info|warning|error|exception|critical)", name):
                found += [source.at(call, way_out=way_out) for way_out in _unfit_log(call)]
    assert not found, told(found)


def _unfit_log(call: ast.Call) -> Iterator[str]:
    first = call.args[0] if call.args else None
    if len(call.args) != 1 or not (isinstance(first, ast.Constant) and re.fullmatch("[a-z0-9_]+", str(first.value))):
        yield "a log line is one past fact in snake_case; values go by keyword"
    for keyword in call.keywords:
        last = dotted(keyword.value).split(".")[-1]
        if keyword.arg in UNFIT_IN_LOGS or (last in UNFIT_IN_LOGS and keyword.arg is not None):
            yield f"{keyword.arg}={last}: log ids, counts and enums, never a person, a model or a payload"


def test_every_read_takes_a_scope() -> None:
    found = [
        source.at(node, way_out=f"{node.name}: take `scope: Scope` and keep within its EPCI")
        for source in findings("services")
        if "/queries" in source.path
        for node in source.tree.body
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_")
        if "scope" not in {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
    ]
    assert not found, told(found)


def test_annotations_are_not_postponed() -> None:
    found = [
        source.at(node, way_out="SQLModel and FastAPI read annotations while running: remove this import")
        for source in findings(*EVERYTHING)
        for name, node in imports(source)
        if name == "__future__.annotations"
    ]
    assert not found, told(found)


def test_no_test_is_skipped_nor_mocks_our_code() -> None:
    unfit = re.compile(r"^(unittest\.mock\b.*|pytest\.(skip|xfail|importorskip|mark\.(skip|skipif|xfail)))$")
    found = [
        source.at(node, way_out=f"{name}: build the real thing; a test that cannot run must fail")
        for source in findings("tests")
        for name, node in (*imports(source), *_attributes(source), *_patches(source))
        if unfit.match(name) or isinstance(node, ast.Call)
    ]
    assert not found, told(found)


def _attributes(source: Source) -> Iterator[tuple[str, ast.AST]]:
    return ((dotted(node), node) for node in source.nodes if isinstance(node, ast.Attribute))


def _patches(source: Source) -> Iterator[tuple[str, ast.AST]]:
    for name, call in calls(source):
        if name.endswith("monkeypatch.setattr") and call.args and dotted(call.args[0]) not in NOT_OURS:
            yield name, call


def test_the_walls_hold() -> None:
    run = subprocess.run([IMPORT_LINTER, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our tool

    assert run.returncode == 0, f"move the line to its room (house.md §3); the walls stay\n{run.stdout[-4000:]}"
