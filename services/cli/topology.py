"""``estuaire topology``: topics, users, rights and quotas of the territory, shown before they are made."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import yaml

from services.cli.checks.welcomes import welcome_at
from services.cli.settings import read_access
from services.cli.topology_plan import show_guests, show_topics
from shared.clock import today
from shared.contracts.base import Visibility
from shared.errors import Invalid, Unavailable
from shared.messaging.kafka import knock, quotas_of, set_quotas
from shared.messaging.topology import (
    GuestPlan,
    Guests,
    Plan,
    Principal,
    Topology,
    TopologyFile,
    principals_of,
    read_topology,
    resources,
    topics_of,
)
from shared.settings import KafkaAccess
from shared.territory.members import read_territory

topology = typer.Typer(help="Sujets, utilisateurs, droits et quotas du territoire.", no_args_is_help=True)

Territory = Annotated[Path, typer.Option(envvar="ESTUAIRE_TERRITORY_FILE", help="Fichier du territoire.")]
Users = Annotated[
    Path | None,
    typer.Option(
        "--users",
        help="Fichier de topologie : topology.yaml à côté du territoire, s’il existe. Sans lui, sujets seuls.",
    ),
]
Bootstrap = Annotated[str, typer.Option(envvar="ESTUAIRE_TERRITORY_BOOTSTRAP", help="Adresse de Kafka.")]
Replicas = Annotated[
    int | None, typer.Option(min=1, max=5, help="Copies de chaque sujet ; sinon celles du fichier de topologie, ou 1.")
]
Secrets = Annotated[
    Path, typer.Option("--secrets", help="Dossier des mots de passe tirés, un fichier par utilisateur.")
]
Align = Annotated[bool, typer.Option("--align", help="Change aussi les réglages des sujets qui diffèrent.")]
SECRETS = Path("topology-secrets")


@topology.command("plan")
def plan(territory: Territory, bootstrap: Bootstrap, users: Users = None, replicas: Replicas = None) -> None:
    """Montre ce qui manque et ce qui diffère, sans rien changer ; code 2 s’il y a quelque chose à faire."""
    work = _read(territory, bootstrap, users, replicas)
    topics, guests = work.plan()
    show_topics(topics)
    if guests is not None:
        show_guests(guests)
    todo = topics.missing or topics.different or (guests is not None and guests.calls_for_work)
    raise typer.Exit(2 if todo else 0)


@topology.command("apply")
def apply(
    territory: Territory,
    bootstrap: Bootstrap,
    users: Users = None,
    replicas: Replicas = None,
    secrets: Secrets = SECRETS,
    align: Align = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Crée ce qui manque, retire les droits en trop ; un sujet qui diffère n’est changé qu’avec --align."""
    work = _read(territory, bootstrap, users, replicas)
    topics, guests = work.plan()
    cluster = work.topics
    made = cluster.apply(topics)
    aligned = cluster.align(topics) if align else 0
    show_topics(Plan(different={} if align else topics.different, right=topics.right + made + aligned))
    typer.echo(f"{made} sujets créés.")
    if guests is None:
        return
    files = work.guests.apply(guests, passwords=secrets)
    if guests.quotas:
        asyncio.run(set_quotas(work.access, guests.quotas, known=work.quotas))
    show_guests(GuestPlan(foreign=guests.foreign, right=guests.right + len(guests.missing)))
    typer.echo(
        f"{len(guests.surplus)} droits retirés, {len(guests.missing)} donnés, {len(guests.quotas)} quotas fixés."
    )
    for file in files:
        typer.echo(f"Nouvel utilisateur, mot de passe dans {file}")


@topology.command("strimzi")
def strimzi(
    territory: Territory,
    users: Users = None,
    cluster: Annotated[str, typer.Option(help="Nom de la ressource Kafka de Strimzi.")] = "territoire",
) -> None:
    """Écrit les mêmes sujets, utilisateurs, droits et quotas en ressources Strimzi (YAML)."""
    members = read_territory(territory)
    file = _users_file(territory, users)
    if file is None:
        raise Invalid("Il faut un fichier de topologie\u00a0: topology.yaml à côté du territoire, ou --users.")
    said = read_topology(file, members)
    elsewhere = {one.siren for one in said.instances if one.private_elsewhere}
    topics = [
        topic
        for siren in members.sirens
        for topic in topics_of(siren, replicas=said.replicas)
        if not (siren in elsewhere and topic.visibility is Visibility.PRIVATE)
    ]
    made = resources(cluster, topics, principals_of(members, said, on=today()), replicas=said.replicas)
    typer.echo(yaml.safe_dump_all(made, sort_keys=False, allow_unicode=True), nl=False)


@topology.command("rotate")
def rotate(
    user: Annotated[str, typer.Argument(help="Utilisateur dont le mot de passe change.")],
    territory: Territory,
    bootstrap: Bootstrap,
    users: Users = None,
    secrets: Secrets = SECRETS,
) -> None:
    """Donne un nouveau mot de passe à un utilisateur ; les connexions ouvertes durent jusqu’à leur fin."""
    work = _read(territory, bootstrap, users, None)
    known = [one.user for one in work.principals]
    if user not in known:
        raise Invalid(f"Utilisateur inconnu\u00a0: {user}. Choisissez parmi {', '.join(known) or 'aucun'}.")
    work.plan()
    typer.echo(f"Nouveau mot de passe dans {work.guests.rotate(user, passwords=secrets)}")


@dataclass
class Work:
    """One cluster and what it should hold."""

    access: KafkaAccess
    sirens: tuple[str, ...]
    file: TopologyFile | None
    principals: list[Principal]
    topics: Topology
    guests: Guests
    quotas: dict[str, dict[str, float]]

    def plan(self) -> tuple[Plan, GuestPlan | None]:
        """Compare, and say in words why a cluster does not answer.

        Raises:
            Unavailable: it does not, or does not know us.
            Forbidden: this access may not look.
        """
        elsewhere = [one.siren for one in self.file.instances if one.private_elsewhere] if self.file else []
        try:
            found = self.topics.plan(self.sirens, private_elsewhere=elsewhere)
        except Unavailable as refused:
            told = welcome_at(self.access.bootstrap, asyncio.run(knock(self.access)))
            words = f"{told.seen} {told.cause} {told.remedy}" if told.is_fault else refused.detail
            raise Unavailable(words, retry_after=5) from refused
        if self.file is None:
            return found, None
        self.quotas = asyncio.run(quotas_of(self.access))
        return found, self.guests.plan(self.principals, quotas=self.quotas)


def _read(territory: Path, bootstrap: str, users: Path | None, replicas: int | None) -> Work:
    members = read_territory(territory)
    said = _users_file(territory, users)
    file = read_topology(said, members) if said else None
    access = read_access(bootstrap)
    copies = replicas or (file.replicas if file else 1)
    principals = principals_of(members, file, on=today()) if file else []
    return Work(access, members.sirens, file, principals, Topology(access, replicas=copies), Guests(access), {})


def _users_file(territory: Path, users: Path | None) -> Path | None:
    beside = territory.with_name("topology.yaml")
    return users or (beside if beside.exists() else None)
