"""What the service declares of itself."""

from services.projects import api
from services.projects.api.context import PREFIX
from services.projects.consumers import consumers
from services.projects.jobs import jobs
from services.projects.models import (
    TABLES,
    Base,
    Call,
    KnownCall,
    KnownParticipation,
    KnownProgramme,
    KnownProject,
    OwnAnswer,
    Programme,
    Project,
    StoredAnswer,
)
from services.projects.queries.home import load_home
from shared.messaging.known import Projection
from shared.messaging.restating import Numbered
from shared.service import Section, Service
from shared.sheets import MOST_BYTES

SERVICE = Service(
    name="projects",
    package="services.projects",
    metadata=Base.metadata,
    tables=TABLES,
    answers=StoredAnswer,
    routers=api.routers,
    consumers=consumers,
    uploads={f"{PREFIX}/imports": MOST_BYTES + 1024},
    jobs=jobs,
    home=(Section("projects", "projects/home_projects.html", load_home, order=20),),
    projections=(
        Projection(KnownProject),
        Projection(KnownParticipation),
        Projection(KnownProgramme),
        Projection(KnownCall),
    ),
    aggregates={
        "project": Numbered(Project),
        "participation": Numbered(OwnAnswer),
        "programme": Numbered(Programme),
        "call": Numbered(Call),
    },
)
