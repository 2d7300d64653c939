"""Users of a cluster, with SCRAM-SHA-512: who is known, and passwords that only a file of their owner has."""

import os
import secrets
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from shared.errors import Invalid
from shared.messaging.topology.refusing import refused_by_kafka

ITERATIONS = 8192
SHORTEST_PASSWORD = 16


def known_users(admin: AdminClient, *, patience: float) -> set[str]:
    """Return the users that can prove a password; ask for the rights first.

    The client aborts the whole process after the refusal of this one question, so whoever calls has made sure, by
    reading the rules, which needs the same right, that it will not be refused.
    """
    try:
        asked: Future[dict[str, Any]] = admin.describe_user_scram_credentials(request_timeout=patience)  # type: ignore[assignment]  # one per user only if users are named
        found = asked.result()
    except KafkaException as refused:
        raise refused_by_kafka(refused, doing="lire les utilisateurs") from refused
    return {
        user
        for user, described in found.items()
        if any(one.mechanism is ScramMechanism.SCRAM_SHA_512 for one in described.scram_credential_infos)
    }


def set_password(admin: AdminClient, user: str, password: str, *, patience: float) -> None:
    """Make a user, or give it another password; lines that are open stay so until they close."""
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    change = UserScramCredentialUpsertion(user, info, password.encode())
    try:
        for done in admin.alter_user_scram_credentials([change], request_timeout=patience).values():
            done.result()
    except KafkaException as refused:
        raise refused_by_kafka(refused, doing="changer un utilisateur") from refused


def password_file(folder: Path, user: str) -> Path:
    """Return the file in which a user’s password is, or will be."""
    return folder / f"{user}.password"


def draw(folder: Path, user: str) -> Path:
    """Return a file with a password newly drawn, beside the one in use; folder and file are open to their owner alone.

    It takes the other’s place once the cluster has accepted it, so that the file in use is never wrong.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    draft = folder / f"{user}.password.new"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as opened:
        opened.write(secrets.token_urlsafe(32))
        opened.flush()
        os.fsync(opened.fileno())
    return draft


def password_in(file: Path) -> str:
    """Return what a file holds.

    Raises:
        Invalid: too short a password.
    """
    password = file.read_text(encoding="utf-8").strip()
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(f"Le mot de passe de {file} est trop court\u00a0: {SHORTEST_PASSWORD} caractères au moins.")
    return password
