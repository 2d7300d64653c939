"""Projects: logged, renamed, given milestones, shown further, shared, withdrawn."""

from typing import Any

from tests.chaos.ledger import Outcome
from tests.chaos.traffic.door import Heard
from tests.chaos.traffic.town import Thing, Town

PATH = "/api/v1/projects"
COMMUNES = ("76476", "76575", "76114", "27229")
WIDER = {"private": "territory", "territory": "public"}


async def log_fiche(town: Town) -> None:
    """Log a project."""
    mark, visibility = town.mark(), town.draw(public=75, territory=15, private=10)
    body = {
        "title": f"Fiche {mark}",
        "kind": "study",
        "visibility": visibility,
        "commune_insee": [town.chance.choice(COMMUNES)],
        "public_summary": "Étude menée pendant que tout tombe autour d’elle. " * town.chance.randint(1, 6),
    }
    heard = await town.door.act("POST", PATH, body)
    await _noted(town, mark, "project.create", heard, visibility=visibility)
    if heard.ok:
        town.fiches.append(Thing(heard.body["id"], heard.body["version"], visibility))


async def rename_fiche(town: Town) -> None:
    """Give a project a new name, upon the version seen."""
    fiche = town.take(town.fiches)
    if fiche is None:
        return await log_fiche(town)
    mark = town.mark()
    body = {"title": f"Fiche {mark}"}
    heard = await town.door.act("PATCH", f"{PATH}/{fiche.id}", body, role="agent", version=fiche.tag)
    await _noted(town, mark, "project.rename", heard, fiche)
    await _put_back(town, fiche, heard)
    return None


async def rename_late(town: Town) -> None:
    """Try to rename a project upon a version that is not the last: this must be refused, and leave no trace."""
    changed = [one for one in town.fiches if one.tag > 1]
    if not changed:
        return await rename_fiche(town)  # which makes a version that is not the last, for the next one to try
    fiche = town.chance.choice(changed)
    town.fiches.remove(fiche)
    mark = town.mark()
    stale = town.chance.randint(1, fiche.tag - 1)
    heard = await town.door.act("PATCH", f"{PATH}/{fiche.id}", {"title": f"Fiche {mark}"}, version=stale)
    await _noted(town, mark, "project.rename_late", heard, fiche)
    town.fiches.append(fiche)
    return None


async def add_milestone(town: Town) -> None:
    """Add a dated step."""
    fiche = town.take(town.fiches)
    if fiche is None:
        return await log_fiche(town)
    mark = town.mark()
    heard = await town.door.act("POST", f"{PATH}/{fiche.id}/milestones", {"label": f"Étape {mark}"}, role="agent")
    await _noted(town, mark, "project.milestone", heard, fiche)
    await _put_back(town, fiche, heard)
    return None


async def show_further(town: Town) -> None:
    """Let more people read a project."""
    fiche = town.take(town.fiches)
    if fiche is None:
        return
    wider = WIDER.get(fiche.visibility)
    if wider is not None:
        mark = town.mark()
        body = {"visibility": wider}
        heard = await town.door.act("POST", f"{PATH}/{fiche.id}/visibility", body, version=fiche.tag)
        await _noted(town, mark, "project.show", heard, fiche, visibility=wider)
        fiche.visibility = wider if heard.ok else fiche.visibility
        await _put_back(town, fiche, heard)
    else:
        town.fiches.append(fiche)


async def withdraw_fiche(town: Town) -> None:
    """Withdraw a project: its last state, then a tombstone."""
    fiche = town.take(town.fiches) if len(town.fiches) > 4 else None
    if fiche is None:
        return
    mark = town.mark()
    heard = await town.door.act("DELETE", f"{PATH}/{fiche.id}", version=fiche.tag, again=False)
    version = fiche.tag + (1 if fiche.visibility == "private" else 2)
    facts = {"aggregate": "project", "id": fiche.id, "visibility": fiche.visibility, "version": version}
    await town.note(mark, "project.withdraw", heard, **facts)
    if heard.outcome is Outcome.REFUSED:
        await _put_back(town, fiche, heard)


async def invite(town: Town) -> None:
    """Ask a neighbour to take part in a project."""
    fiche = town.take(town.fiches)
    if fiche is None:
        return
    mark, siren = town.mark(), town.chance.choice(town.neighbours)
    heard = await town.door.act("POST", f"{PATH}/{fiche.id}/invitations", {"siren": siren})
    await _noted(town, mark, "project.invite", heard, fiche, more=siren)
    await _put_back(town, fiche, heard)


async def answer_neighbour(town: Town) -> None:
    """Answer an invitation that came over Kafka."""
    listed = await town.door.look("/api/v1/participations")
    waiting = [
        one
        for one in (listed or {"items": []})["items"]
        if one["answer"] is None and one["status"] == "invited" and one["project_id"] not in town.answered
    ]
    if not waiting:
        return
    asked, mark = town.chance.choice(waiting), town.mark()
    town.answered.add(asked["project_id"])
    said = town.draw(accepted=70, declined=30)
    body = {"owner_siren": asked["owner_siren"], "project_id": asked["project_id"], "answer": said, "reason": mark}
    heard = await town.door.act("POST", "/api/v1/participations", body)
    facts: dict[str, Any] = {"aggregate": "participation", "visibility": "territory", "more": asked["project_id"]}
    if heard.ok:
        facts |= {"id": heard.body["id"], "version": heard.body["version"]}
    await town.note(mark, "participation.answer", heard, **facts)


async def _noted(
    town: Town, mark: str, act: str, heard: Heard, fiche: Thing | None = None, *, visibility: str = "", more: str = ""
) -> None:
    version = heard.body["version"] if heard.ok else 0
    project_id = fiche.id if fiche else heard.body["id"] if heard.ok else ""
    facts = {"aggregate": "project", "id": project_id, "version": version, "more": more}
    await town.note(mark, act, heard, **facts, visibility=visibility or (fiche.visibility if fiche else ""))


async def _put_back(town: Town, fiche: Thing, heard: Heard) -> None:
    """Let others work on a project again, upon its present version; one that cannot be read is left alone."""
    seen = heard.body if heard.ok else await town.door.look(f"{PATH}/{fiche.id}")
    if seen is not None:
        fiche.tag, fiche.visibility = seen["version"], seen["visibility"]
        town.fiches.append(fiche)
