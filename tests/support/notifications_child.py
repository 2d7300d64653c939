"""A process that does one job of notifications on a database, to be ended at a crash point."""

import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr

from services.notifications import jobs
from shared.db.engine import Database
from shared.db.session import Origin
from shared.ids import uuid7
from shared.jobs import Work
from shared.settings import InstanceSettings
from shared.signing import Signer
from shared.territory.members import read_territory


async def do_one_job(folder: Path, siren: str, port: int, url: str) -> None:
    """Send the service mails of the database at ``url``, then run the rules whose hour has come."""
    territory = read_territory(folder / "territory.yaml")
    settings = InstanceSettings(
        _env_file=None,
        siren=siren,
        territory_file=folder / "territory.yaml",
        data_dir=folder,
        base_url=territory.member(siren).base_url,
        secret_key=SecretStr("essai" * 10),
        smtp_port=port,
        mail_from="lettre@caux.example.org",
    )
    origin = Origin(epci=siren, service="notifications", instance=uuid7(), base_url=settings.base_url)
    database = Database(url, origin)
    work = Work(database, settings, territory, Signer("essai" * 10))
    await jobs.send_service_mails(work)
    await jobs.run_due_rules(work)
    await database.close()


def main() -> None:
    """Be that process: ``… FOLDER SIREN PORT URL``."""
    _, folder, siren, port, url = sys.argv
    asyncio.run(do_one_job(Path(folder), siren, int(port), url))
