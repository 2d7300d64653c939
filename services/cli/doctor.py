"""``estuaire doctor``: what is wrong with this instance, why it probably is, and what to do."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from services.cli.checks import databases, kafka, machine
from services.cli.settings import read_settings, unread
from services.host import SERVICES
from shared.errors import Refusal
from shared.findings import Finding
from shared.settings import InstanceSettings
from shared.territory.members import read_territory

Json = Annotated[bool, typer.Option("--json", help="Constats en JSON, pour un programme.")]
Check = Callable[[InstanceSettings], Awaitable[list[Finding]]]


def doctor(as_json: Json = False) -> None:  # noqa: FBT002 - an option of the command line
    """Examine l’instance sans rien changer : constat, cause probable, remède ; code 1 s’il y a une panne."""
    findings = asyncio.run(examine())
    if as_json:
        typer.echo(
            json.dumps([asdict(one) | {"fault": one.is_fault} for one in findings], ensure_ascii=False, indent=2)
        )
    else:
        _show(findings)
    raise typer.Exit(1 if any(one.is_fault for one in findings) else 0)


async def examine() -> list[Finding]:
    """Return what is found, wrong or not; where settings cannot be read, nothing else can be looked at."""
    try:
        settings = read_settings()
    except Refusal as refused:
        remedy = "Corriger ces variables (ou le fichier .env), puis relancer estuaire doctor."
        return [
            Finding("Réglages", line, "Valeur absente ou mal écrite.", remedy) for line in refused.detail.splitlines()
        ]
    findings = [_settings(), _territory(settings)]
    checks: tuple[Check, ...] = (machine.look, databases.look, kafka.look, _services)
    for found in await asyncio.gather(*(check(settings) for check in checks)):
        findings += found
    return findings


def _settings() -> Finding:
    strange = ", ".join(unread())
    if not strange:
        return Finding("Réglages", "lus, sans contradiction.")
    remedy = "Corriger ou retirer ces noms\u202f; docs/operating.md les donne tous."
    return Finding("Réglages", f"{strange}\u00a0: rien ne lit ce nom.", "Une faute de frappe.", remedy)


def _territory(settings: InstanceSettings) -> Finding:
    try:
        name = read_territory(settings.territory_file).member(settings.siren).name
    except Refusal as refused:
        return Finding(
            "Territoire",
            refused.detail,
            "Fichier absent ou fautif, ou SIREN d’un autre territoire.",
            f"Corriger {settings.territory_file}, ou ESTUAIRE_TERRITORY_FILE et ESTUAIRE_SIREN.",
        )
    return Finding("Territoire", f"{Path(settings.territory_file).name} est lisible\u00a0; vous êtes {name}.")


async def _services(settings: InstanceSettings) -> list[Finding]:
    return [await check(settings) for service in SERVICES.values() for check in service.checks]


def _show(findings: list[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for one in findings:
        sign = "[red]✗[/red]" if one.is_fault else "[green]✓[/green]"
        console.print(f"{sign} [bold]{escape(one.about)}[/bold]\u00a0: {escape(one.seen)}")
        if one.is_fault:
            console.print(f"    Cause probable\u00a0: {escape(one.cause)}")
            console.print(f"    Remède\u00a0: {escape(one.remedy)}")
    faults = sum(one.is_fault for one in findings)
    console.print(f"{len(findings)} points examinés, {faults} à reprendre.")
