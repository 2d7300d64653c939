"""Where a territory’s Kafka may be and how one signs in: its own cluster, or the local node of one machine."""

from typing import Any

SECURITY = {
    "scram": {
        "type": "scramSha512",
        "description": (
            "SASL_SSL, mécanisme SCRAM-SHA-512\u00a0; un utilisateur par intégrateur, donné par l’opérateur du "
            "territoire"
        ),
    }
}
_BINDING: dict[str, Any] = {"kafka": {"bindingVersion": "0.5.0"}}


def servers() -> dict[str, Any]:
    """Return the two kinds of server; which one a territory has, its EPCI say."""
    return {
        "territory": {
            "host": "{bootstrap}",
            "protocol": "kafka-secure",
            "title": "Grappe du territoire",
            "description": (
                "Chiffrée (TLS) et protégée par mot de passe. Trois copies de chaque sujet, dont deux écrites avant "
                "tout accusé de réception (min.insync.replicas=2)."
            ),
            "variables": {
                "bootstrap": {
                    "description": "Adresse donnée par l’opérateur du territoire",
                    "default": "kafka.territoire.example.org:9093",
                }
            },
            "security": [{"$ref": "#/components/securitySchemes/scram"}],
            "bindings": _BINDING,
        },
        "local": {
            "host": "127.0.0.1:{port}",
            "protocol": "kafka",
            "title": "Nœud local",
            "description": (
                "Sans utilisateur ni chiffrement, joignable depuis la même machine seulement\u00a0: démonstration, "
                "développement, EPCI seul. Une copie de chaque sujet (min.insync.replicas=1)."
            ),
            "variables": {"port": {"description": "Port du nœud, choisi à son démarrage", "default": "9092"}},
            "bindings": _BINDING,
        },
    }
