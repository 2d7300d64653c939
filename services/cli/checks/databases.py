"""Databases: whether they answer, and whether their tables are those of this version."""

from pathlib import Path

from services.cli.migrations import packages
from shared.db.engine import Database
from shared.db.migrate import head, knows, revision
from shared.db.trouble import AWAY
from shared.findings import Finding
from shared.settings import DATABASES, InstanceSettings


async def look(settings: InstanceSettings) -> list[Finding]:
    """Return what is found of each database; a file that is not there is not made."""
    return [await _look(settings, name, packages()[name]) for name in DATABASES]


async def _look(settings: InstanceSettings, name: str, package: str) -> Finding:
    about = f"Base {name}"
    async with Database(settings.database_url(name)) as database:
        if database.is_missing:
            return Finding(about, "sera créée au premier démarrage.")
        try:
            found = await revision(database)
        except AWAY:
            return _away(about, name, database)
    if found is not None and not knows(package, found):
        cause = "Estuaire a été remis à une version plus ancienne que ses données."
        remedy = "Installer la version récente d’Estuaire, ou remettre une sauvegarde d’avant la mise à jour."
        return Finding(about, "vient d’une version plus récente.", cause, remedy)
    if found != head(package):
        remedy = "Lancer estuaire migrate (estuaire serve le fait aussi), après une sauvegarde."
        return Finding(about, "n’a pas les tables de cette version.", "Estuaire a été mis à jour.", remedy)
    return Finding(about, "répond, à jour.")


def _away(about: str, name: str, database: Database) -> Finding:
    if database.is_sqlite:
        file = Path(database.url.database or "").resolve()
        remedy = f"Vérifier les droits de {file}\u202f; s’il est abîmé, remettre la dernière sauvegarde."
        return Finding(about, f"{file} ne se lit pas.", "Droits du fichier, ou fichier abîmé.", remedy)
    variable = f"ESTUAIRE_{name.upper()}_DATABASE_URL"
    return Finding(
        about,
        "PostgreSQL ne répond pas, ou nous refuse.",
        "Serveur arrêté, adresse fausse, compte ou mot de passe refusé, base absente.",
        f"Essayer l’adresse de {variable} avec psql, et la corriger.",
    )
