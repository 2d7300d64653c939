"""Databases: whether they answer, and whether their tables are those of this version."""

from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from services.host import SERVICES
from shared.db.engine import Database
from shared.db.migrate import is_current
from shared.findings import Finding
from shared.settings import DATABASES, InstanceSettings


async def look(settings: InstanceSettings) -> list[Finding]:
    """Return what is found of each database; a file that is not there is not made."""
    packages = {name: service.package for name, service in SERVICES.items()} | {"identity": "shared.identity"}
    return [await _look(settings, name, packages[name]) for name in DATABASES]


async def _look(settings: InstanceSettings, name: str, package: str) -> Finding:
    about = f"Base {name}"
    file = settings.data_dir.resolve() / f"{name}.sqlite"
    database = Database(settings.database_url(name))
    try:
        if database.is_sqlite and not file.exists():
            return Finding(about, "sera créée au premier démarrage.")
        if not await database.answers():
            return _away(about, name, file if database.is_sqlite else None)
        if not await is_current(database, package=package):
            remedy = "Lancer estuaire migrate (estuaire serve le fait aussi), après une sauvegarde."
            return Finding(about, "n’a pas les tables de cette version.", "Estuaire a été mis à jour.", remedy)
    except (DBAPIError, SQLAlchemyError, OSError):
        return _away(about, name, file if database.is_sqlite else None)
    finally:
        await database.close()
    return Finding(about, "répond, à jour.")


def _away(about: str, name: str, file: Path | None) -> Finding:
    if file is not None:
        remedy = f"Vérifier les droits de {file}\u202f; s’il est abîmé, remettre la dernière sauvegarde."
        return Finding(about, f"{file} ne se lit pas.", "Droits du fichier, ou fichier abîmé.", remedy)
    variable = f"ESTUAIRE_{name.upper()}_DATABASE_URL"
    return Finding(
        about,
        "PostgreSQL ne répond pas, ou nous refuse.",
        "Serveur arrêté, adresse fausse, compte ou mot de passe refusé, base absente.",
        f"Essayer l’adresse de {variable} avec psql, et la corriger.",
    )
