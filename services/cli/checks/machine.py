"""The machine: data folder, disk, port, public address."""

import os
import shutil
import stat

from shared.findings import Finding
from shared.outbound import HttpError, plain_client
from shared.ports import is_free
from shared.settings import InstanceSettings

ROOM_MB = 500


async def look(settings: InstanceSettings) -> list[Finding]:
    """Return what is found of the machine."""
    runs = await _answers(f"http://127.0.0.1:{settings.port}")
    return [_folder(settings), _disk(settings), _port(settings, runs=runs), await _address(settings, runs=runs)]


def _folder(settings: InstanceSettings) -> Finding:
    folder = settings.data_dir.resolve()
    if not folder.exists():
        parent = next(one for one in folder.parents if one.exists())
        if os.access(parent, os.W_OK):
            return Finding("Dossier de données", f"{folder} sera créé au premier démarrage.")
        return _closed(str(parent))
    if not (folder.is_dir() and os.access(folder, os.R_OK | os.W_OK | os.X_OK)):
        return _closed(str(folder))
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return Finding(
            "Dossier de données",
            f"{folder} est ouvert à d’autres comptes de la machine.",
            "Ses droits ont été changés à la main.",
            f"chmod 700 {folder} (estuaire serve le fait aussi au démarrage).",
        )
    return Finding("Dossier de données", f"{folder} est lisible de nous seuls.")


def _closed(folder: str) -> Finding:
    return Finding(
        "Dossier de données",
        f"{folder} ne peut être ni lu ni écrit.",
        "Il appartient à un autre compte, ou le disque est en lecture seule.",
        f"Donner {folder} au compte qui lance Estuaire, ou choisir un autre ESTUAIRE_DATA_DIR.",
    )


def _disk(settings: InstanceSettings) -> Finding:
    folder = settings.data_dir.resolve()
    free_mb = shutil.disk_usage(next(one for one in (folder, *folder.parents) if one.exists())).free // 2**20
    if free_mb >= ROOM_MB:
        return Finding("Disque", f"{free_mb}\u00a0Mo libres.")
    return Finding(
        "Disque",
        f"{free_mb}\u00a0Mo libres seulement.",
        "Journaux, copies ou données ont rempli le disque.",
        "Libérer de la place\u00a0: un disque plein arrête toute écriture.",
    )


def _port(settings: InstanceSettings, *, runs: bool) -> Finding:
    if runs:
        return Finding("Port", f"une instance répond sur le port {settings.port}.")
    if is_free(settings.port):
        return Finding("Port", f"{settings.port} est libre.")
    return Finding(
        "Port",
        f"{settings.port} est pris, et pas par une instance qui répond.",
        "Un autre programme écoute, ou une instance est bloquée.",
        f"Trouver ce programme (ss -ltnp 'sport = :{settings.port}'), ou changer ESTUAIRE_PORT.",
    )


async def _address(settings: InstanceSettings, *, runs: bool) -> Finding:
    if not runs:
        return Finding("Adresse publique", f"{settings.base_url} n’a pas été essayée\u00a0: l’instance ne tourne pas.")
    if await _answers(settings.base_url):
        return Finding("Adresse publique", f"{settings.base_url} répond.")
    return Finding(
        "Adresse publique",
        f"{settings.base_url} ne mène pas à l’instance.",
        "Le nom, le certificat ou la règle du serveur mandataire n’est pas en place.",
        "Vérifier le mandataire et ESTUAIRE_BASE_URL\u00a0: les liens des courriels en partent.",
    )


async def _answers(url: str) -> bool:
    try:
        async with plain_client(url) as client:
            return (await client.get("/healthz", timeout=5)).status_code in {200, 503}
    except HttpError:
        return False
