"""What the local Kafka node says when it cannot do its work, in French first: a developer reads it in a terminal."""

from pathlib import Path


class LocalKafkaError(RuntimeError):
    """Anything that keeps the local node from running; its text is ready to be shown."""


class JavaMissing(LocalKafkaError):
    """No Java that can run Kafka was found."""

    def __init__(self, tried: list[str], *, at_least: int) -> None:
        seen = "\u202f; ".join(tried)
        super().__init__(
            f"Kafka a besoin de Java {at_least} ou plus récent, introuvable sur cette machine ({seen}). "
            f"Pour réparer\u00a0: make setup\n"
            f"Kafka needs Java {at_least} or later and none was found on this machine. To repair: make setup"
        )


class JarsMissing(LocalKafkaError):
    """The files of Kafka could not be fetched."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"Les fichiers de Kafka n’ont pas pu être téléchargés\u00a0: {cause}\n"
            "Vérifier le réseau, ou donner l’adresse d’un miroir dans ESTUAIRE_MAVEN_REPOSITORY, puis\u00a0: make setup"
        )


class JarRefused(LocalKafkaError):
    """A fetched file is not the one that jars.lock names; nothing of it was kept."""

    def __init__(self, name: str, *, expected: str, found: str) -> None:
        super().__init__(
            f"Fichier refusé\u00a0: {name} n’a pas l’empreinte SHA-256 attendue "
            f"(attendue {expected}, obtenue {found}). Il n’a pas été gardé."
        )


class PortTaken(LocalKafkaError):
    """Another program listens on the port that the clients of this node know."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Le port {port} de ce nœud Kafka est pris par un autre programme. "
            "Libérer ce port, ou en choisir un autre à la première mise en route."
        )


class AlreadyRunning(LocalKafkaError):
    """The folder belongs to a node that someone else is using."""

    def __init__(self, folder: Path, *, pid: int) -> None:
        super().__init__(f"Un nœud Kafka utilise déjà le dossier {folder} (processus {pid}).")


class NotFormatted(LocalKafkaError):
    """The folder of the node could not be made ready."""

    def __init__(self, output: str) -> None:
        super().__init__(f"Le dossier de Kafka n’a pas pu être préparé\u00a0:\n{output}")


class DidNotStart(LocalKafkaError):
    """The node died, or was not ready in time; its log stays in its folder."""

    def __init__(self, reason: str, *, folder: Path, tail: str) -> None:
        super().__init__(f"Kafka n’a pas démarré ({reason}). Journaux\u00a0: {folder}\n{tail}")


class NeverStarted(LocalKafkaError):
    """The folder has no node yet, hence no address."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"Aucun nœud Kafka n’a encore démarré dans le dossier {folder}.")
