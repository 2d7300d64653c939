"""The readers that docs/integrators.md prints, taken from there and run as their readers would: in Python, in Java."""

import os
import re
import subprocess
import sys
from pathlib import Path

from platformdirs import user_cache_path

from shared.messaging.embedded.jars import ensure_jars
from shared.messaging.embedded.jvm import Installation, installation
from tests.support.code import ROOT

DOCUMENT = (ROOT / "docs" / "integrators.md").read_text("utf-8")
COMPILER = "org.eclipse.jdt.internal.compiler.batch.Main"
NAME = "ReadProjects"
LOCK = Path(__file__).with_name("ecj.lock")


def printed(language: str) -> str:
    """Return the only program of the document in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return str(found)


def python_reader(folder: Path) -> list[str]:
    """Return the command of the printed Python reader; it sees no module of ours."""
    script = folder / "read_projects.py"
    script.write_text(printed("python"), "utf-8")
    return [sys.executable, "-I", str(script)]


def java_reader(folder: Path) -> list[str]:
    """Return the command of the printed Java reader, compiled against the jars that the local Kafka has.

    Raises:
        JavaMissing: no Java.
        JarsMissing: the compiler could not be fetched.
        JarRefused: the compiler fetched is not the one locked.
        AssertionError: it does not compile; the message says why.
    """
    kafka = installation(_silent)
    classes = _compiled(folder, kafka)
    return [str(kafka.java.executable), "-Xshare:auto", "-cp", os.pathsep.join([str(classes), kafka.class_path]), NAME]


def run(command: list[str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a reader, or what makes one, to its end."""
    return subprocess.run(  # noqa: S603 - the printed programs, on the Kafka of the run
        [*command, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def _compiled(folder: Path, kafka: Installation) -> Path:
    source, classes = folder / f"{NAME}.java", folder / "classes"
    source.write_text(printed("java"), "utf-8")
    (compiler,) = ensure_jars(_silent, lock=LOCK, cache=user_cache_path("estuaire") / "tests")
    # -proc:none: the jars of a broker hold annotation processors that are none of ours.
    wanted = ["-source", "17", "-target", "17", "-encoding", "UTF-8", "-proc:none", "-failOnWarning"]
    command = [str(kafka.java.executable), "-cp", str(compiler), COMPILER, *wanted, "-cp", kafka.class_path]
    done = run([*command, "-d", str(classes), str(source)])
    assert done.returncode == 0, f"The printed Java does not compile.\n{done.stdout}{done.stderr}"
    return classes


def _silent(_: str) -> None:
    """Take what is told of a download: 3 MB, once."""
