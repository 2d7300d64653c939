"""``estuaire prepare``: what set-up needs besides Python packages: Kafka, browser files, catalogues."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from shared.errors import Unavailable
from shared.messaging.embedded.errors import JavaMissing, LocalKafkaError
from shared.messaging.embedded.install import prepare as prepare_kafka
from shared.messaging.embedded.java import find_java
from shared.web import i18n, vendor
from shared.web.node import NodeMissing, find_npm

LOCKS = {"Java": "requirements-java.lock", "Node.js": "requirements-node.lock"}
console = Console(highlight=False)


def prepare() -> None:
    """Prépare ce que les paquets Python n’apportent pas : Kafka, Java et Node s’ils manquent, pages."""
    _ensure(find_java, JavaMissing, name="Java")
    _ensure(find_npm, NodeMissing, name="Node.js")
    try:
        prepare_kafka(_say)
    except LocalKafkaError as refused:
        raise Unavailable(str(refused)) from refused
    vendor.prepare(_say)
    i18n.compile_catalogues(_say)


def _say(step: str) -> None:
    console.print(f"  {step}")


def _ensure(find: Callable[[], object], missing: type[Exception], *, name: str) -> None:
    """Install the locked packages that bring tools to machines without them, if ``find`` finds none."""
    try:
        find()
    except missing:
        _say(f"{name} : la machine n’en a pas ; installation depuis un paquet Python (une fois)")
        uv = str(Path(sys.executable).with_name("uv"))
        install = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--require-hashes", "-r"]
        subprocess.run([*install, LOCKS[name]], check=True)  # noqa: S603 - our own command and lock file
        importlib.invalidate_caches()
