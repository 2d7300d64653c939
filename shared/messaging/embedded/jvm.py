"""The command lines of Kafka: Java flags, class path, and the start cache that halves the time to the first answer."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from shared.messaging.embedded.jars import Progress, cache_folder, ensure_jars
from shared.messaging.embedded.java import Java, find_java

LOG4J = Path(__file__).with_name("log4j2.properties")

# Little memory before all: the node stays under 200 MB. One compiler is enough for what it does here.
FLAGS = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Xlog:disable",
    "-Djava.awt.headless=true",
    f"-Dlog4j2.configurationFile={LOG4J.as_uri()}",
)
AOT_SINCE = 25


@dataclass(frozen=True)
class Installation:
    """A Java and the verified files of Kafka."""

    java: Java
    jars: tuple[Path, ...]

    @property
    def class_path(self) -> str:
        """The files, always in the same order."""
        return os.pathsep.join(map(str, self.jars))

    @property
    def start_cache(self) -> Path:
        """Where the start cache of exactly this Java with exactly these files is, or would be."""
        key = hashlib.sha256(f"{self.java.executable}\n{self.java.build}\n{self.class_path}\n{FLAGS}".encode())
        return cache_folder() / "start" / key.hexdigest()[:16]

    def command(self, *arguments: str) -> list[str]:
        """Return the command that runs a class of Kafka; a start cache that does not fit is ignored by Java itself."""
        option = "AOTCache" if self.java.version >= AOT_SINCE else "SharedArchiveFile"
        cached = [f"-XX:{option}={self.start_cache}"] if self.start_cache.exists() else []
        return [str(self.java.executable), *FLAGS, *cached, "-cp", self.class_path, *arguments]

    def recording_command(self, recording: Path, *arguments: str) -> list[str]:
        """Return the command that, when its process ends, has written a start cache to ``recording``."""
        option = "AOTCacheOutput" if self.java.version >= AOT_SINCE else "ArchiveClassesAtExit"
        return [str(self.java.executable), *FLAGS, f"-XX:{option}={recording}", "-cp", self.class_path, *arguments]


def installation(progress: Progress) -> Installation:
    """Return what is needed to run Kafka, fetching its files the first time.

    Raises:
        JavaMissing: no Java can run it.
        JarsMissing: its files could not be fetched.
        JarRefused: a fetched file is not the one expected.
    """
    return Installation(find_java(), tuple(ensure_jars(progress)))
