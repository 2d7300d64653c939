"""Databases of an older release keep what they hold."""

from alembic import command
from sqlalchemy import Connection, text

from services.projects.models import Indicator, Project
from shared.contracts.projects import Stage
from shared.db.engine import Database
from shared.db.migrate import config_for, upgrade
from shared.identity.access import Scope
from shared.territory.members import Territory
from tests.support.projects import Epci, make_project

PACKAGE = "services.projects"


def back_to(revision: str, connection: Connection) -> None:
    config = config_for(PACKAGE)
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


async def test_values_of_indicators_can_say_who_measured_them_and_keep_their_quantity(
    home: Epci, coordinator: Scope, territory: Territory
) -> None:
    async with home.database.transaction() as session:
        project = await make_project(session, coordinator, territory)
        target = {"value": "12.50", "on": "2027-01-01", "source": "étude", "quality": "declared"}
        session.add(Indicator(project_id=project.id, code="jobs_created", label="Emplois créés", target=target))
        await session.flush()
        changed_at = project.updated_at
    async with Database(home.database.url, foreign_keys=False) as unchecked, unchecked.connection() as connection:
        await connection.run_sync(lambda sync: back_to("bdead21ef267", sync))
        old = (await connection.execute(text("SELECT baseline, target FROM indicator"))).one()

    await upgrade(home.database, package=PACKAGE)

    assert tuple(old) == (None, "12.50")
    async with home.database.reading() as session:
        found = await session.get_one(Project, project.id)
        assert (found.indicators[0].target, found.indicators[0].baseline) == ({"value": "12.50"}, None)
        assert (found.stage, found.filieres, found.yearly, found.news_at) == (Stage.IDEA, [], [], changed_at)
