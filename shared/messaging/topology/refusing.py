"""What Kafka’s own no means for whoever asked."""

from confluent_kafka import KafkaException

from shared.errors import Forbidden, Refusal, Unavailable

FORBIDDEN = {"CLUSTER_AUTHORIZATION_FAILED", "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"}


def name_of(refused: KafkaException) -> str:
    """Return the name that the protocol gives an error."""
    return str(refused.args[0].name())


def refused_by_kafka(refused: KafkaException, *, doing: str) -> Refusal:
    """Return a refusal in French; ``doing`` completes « Kafka refuse de … »."""
    name = name_of(refused)
    if name in FORBIDDEN:
        return Forbidden(f"Kafka ne laisse pas cet utilisateur {doing} ({name}).")
    if name == "SECURITY_DISABLED":
        return Forbidden(f"Ce cluster ne connaît pas de droits\u00a0: impossible de {doing}.")
    return Unavailable(f"Kafka ne répond pas à cette adresse ({name}).", retry_after=5)
