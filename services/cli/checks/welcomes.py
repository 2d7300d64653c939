"""What it means, in French, that a cluster receives us as it does."""

from shared.findings import Finding
from shared.messaging.kafka import Welcome


def welcome_at(bootstrap: str, welcome: Welcome, *, which: str = "KAFKA", about: str = "Kafka") -> Finding:
    """Return what it means that a cluster receives us so; ``which`` begins the names of its settings."""
    if welcome is Welcome.ANSWERS:
        return Finding(about, f"{bootstrap} répond et nous connaît.")
    seen, cause, remedy = _WELCOMES[welcome]
    address = "TERRITORY" if which == "KAFKA" else which
    names = {"*": f"ESTUAIRE_{which}", "@": f"ESTUAIRE_{address}_BOOTSTRAP"}
    for short, name in names.items():
        remedy = remedy.replace(short, name)
    return Finding(about, f"{bootstrap}\u00a0: {seen}", cause, remedy)


_WELCOMES = {
    Welcome.UNKNOWN_NAME: (
        "ce nom n’a pas d’adresse.",
        "Une faute dans le nom, ou un serveur de noms qui ne le connaît pas.",
        "Corriger @, ou demander le nom exact à l’opérateur du cluster.",
    ),
    Welcome.UNREACHABLE: (
        "personne n’écoute.",
        "Kafka est arrêté, le port n’est pas le bon, ou un pare-feu coupe.",
        "Vérifier @ et le pare-feu, puis prévenir l’opérateur du cluster. L’instance reprendra seule.",
    ),
    Welcome.SILENT: (
        "le port s’ouvre, mais rien n’y répond de cette façon.",
        "Le cluster attend TLS alors que nous parlons en clair (ou l’inverse), un certificat de notre part, "
        "ou ce n’est pas Kafka.",
        "Vérifier *_SECURITY, et *_CERTIFICATE_FILE si le cluster demande un certificat.",
    ),
    Welcome.CERTIFICATE: (
        "le certificat du cluster n’est pas reconnu.",
        "Une autre autorité l’a signé, il est périmé, ou il porte un autre nom.",
        "Mettre dans *_CA_FILE le certificat de l’autorité du cluster, et dans @ le nom qui figure au certificat.",
    ),
    Welcome.TLS: (
        "la ligne chiffrée ne s’établit pas.",
        "Le port ne parle pas TLS, ou refuse notre certificat.",
        "Vérifier le port de @, *_SECURITY et *_CERTIFICATE_FILE.",
    ),
    Welcome.CREDENTIALS: (
        "le cluster refuse notre nom ou notre mot de passe.",
        "Mot de passe changé, utilisateur inconnu ou supprimé.",
        "Corriger *_USER et *_PASSWORD, ou demander un nouveau mot de passe à l’opérateur (estuaire topology rotate).",
    ),
    Welcome.MECHANISM: (
        "le cluster n’accepte pas les mots de passe SCRAM-SHA-512.",
        "Il n’a que d’autres façons de vérifier qui vient.",
        "Demander à l’opérateur un port avec SCRAM-SHA-512.",
    ),
}
