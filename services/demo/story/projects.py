"""Projects: real ones imported as their sources tell, fictitious ones logged, then walked through every guard."""

from typing import Any

from services.demo.doors import Door
from services.demo.story.dates import day, today
from shared.errors import Conflict

SERVICE = "estuaire-demo"
STAGES = ("idea", "qualification", "structuring", "appraisal", "committed", "delivery", "completed")
MOVES = {
    "qualification": "qualify",
    "structuring": "structure",
    "appraisal": "file",
    "committed": "commit",
    "delivery": "start",
    "completed": "complete",
}
OWN_MONEY = frozenset({"own_funds", "in_kind"})
COMMON = ("title", "kind", "axis", "visibility", "commune_insee", "sponsor", "public_summary", "summary")
LOGGED = (*COMMON, "objectives", "need_statement")


async def import_real(door: Door, facts: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Import a real project at the stage its sources support; importing it twice changes nothing."""
    known = {**defaults, **facts}
    body = {name: known[name] for name in (*COMMON, "health", "stage", "source") if name in known}
    if "total_cost_ht" in known:
        body["total_cost_ht"] = f"{known['total_cost_ht']:.2f}"
    body["external_ids"] = [{"service": SERVICE, "id": facts["key"]}]
    return door.promised(await door.post("/api/v1/projects/import", body, role="coordinator"))


async def log_fictitious(door: Door, facts: dict[str, Any], manager: str) -> dict[str, Any]:
    """Log a fictitious project, in ``idea``, with its plan, milestones and indicators."""
    body = {name: facts[name] for name in LOGGED if name in facts}
    body |= {"demo": True, "project_manager": manager, "external_ids": [{"service": SERVICE, "id": facts["key"]}]}
    for name in ("planned_start", "planned_end"):
        body[name] = day(facts, name)
    if "total_cost_ht" in facts:
        body["total_cost_ht"] = f"{facts['total_cost_ht']:.2f}"
    project = door.promised(await door.post("/api/v1/projects", body, role="coordinator"))
    for line in facts.get("funding", ()):
        project = await _plan(door, project, line)
    for milestone in facts.get("milestones", ()):
        wanted = {"label": milestone["label"], "due": day(milestone, "due")}
        project = await _add(door, project, "milestones", wanted)
    for indicator in facts.get("indicators", ()):
        target = {"value": str(indicator["target"]), "quality": indicator["quality"]}
        wanted = {"code": indicator["code"], "target": target}
        project = await _add(door, project, "indicators", wanted)
    for siren_code in facts.get("invite", ()):
        project = await _add(door, project, "invitations", {"siren": siren_code}, role="coordinator")
    return project


async def walk(door: Door, facts: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """Take a project through every guard to the stage it reaches in the story."""
    goal = facts["walk"]
    aside = facts.get("rejection") or facts.get("abandonment") or {}
    last = aside.get("from", goal)
    lines = dict(zip((line["key"] for line in facts.get("funding", ())), project["funding"], strict=True))
    for stage in STAGES[1 : STAGES.index(last) + 1]:
        project = await _before(door, facts, project, stage, lines)
        project = await _move(door, project, MOVES[stage], **_with(facts, stage))
    if facts.get("tries"):
        await _refused(door, project, facts["tries"])
    if STAGES.index(last) >= STAGES.index("structuring"):
        project = await _settle(door, facts, project, lines)
    if goal == "rejected":
        decision = {"outcome": "unfavourable", "body": aside["body"], "decided_on": today()}
        return await _move(door, project, "reject", decision=decision, reason=aside["reason"])
    if goal == "abandoned":
        reasons = {"abandon_reason": aside["reason"], "reason": aside["text"]}
        return await _move(door, project, "abandon", **reasons)
    return project


async def answer(door: Door, owner: str, project_id: str, said: dict[str, Any]) -> bool:
    """Answer an invitation once it has come over Kafka; tell whether it had."""
    listed = await door.get("/api/v1/participations", role="coordinator")
    if not any(item["project_id"] == project_id for item in listed["items"]):
        return False
    body: dict[str, Any] = {"owner_siren": owner, "project_id": project_id, "answer": said["status"]}
    if "reason" in said:
        body["reason"] = said["reason"]
    if "contribution_eur" in said:
        body["contribution_eur"] = f"{said['contribution_eur']:.2f}"
    await door.post("/api/v1/participations", body, role="coordinator")
    return True


async def _plan(door: Door, project: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    wanted = {
        "funder": line["funder"]["type"],
        "funder_name": line["funder"]["name"],
        "scheme": line.get("scheme", ""),
        "nature": line["nature"],
        "amount_planned": f"{line['amount_planned']:.2f}",
    }
    return await _add(door, project, "funding", wanted)


async def _before(
    door: Door, facts: dict[str, Any], project: dict[str, Any], stage: str, lines: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Do what the next guard asks for."""
    if stage == "appraisal":
        for line in facts["funding"]:
            if line["nature"] not in OWN_MONEY and line["reaches"] != "planned":
                project = await _step(door, project, lines[line["key"]], "request", line)
    if stage == "committed":
        project = await _settle(door, facts, project, lines, paying=False)
        for line in (one for one in facts["funding"] if "fallback" in one):
            project = await _fall_back(door, project, lines[line["key"]], lines[line["fallback"]])
    return await _end_milestones(door, project) if stage == "completed" else project


async def _end_milestones(door: Door, project: dict[str, Any]) -> dict[str, Any]:
    for milestone in (one for one in project["milestones"] if one["status"] == "planned"):
        path = f"/api/v1/projects/{project['id']}/milestones/{milestone['id']}"
        project = await _patch(door, project, path, {"status": "done", "done_on": today()})
    return project


def _with(facts: dict[str, Any], stage: str) -> dict[str, Any]:
    if stage == "committed":
        decision = {"body": "territory_committee", "decided_on": today(), **facts["decision"]}
        if "accepted_gap_eur" in decision:
            decision["accepted_gap_eur"] = f"{decision['accepted_gap_eur']:.2f}"
        return {"decision": decision}
    if stage == "delivery":
        return {"actual_start": today()}
    return {"actual_end": today()} if stage == "completed" else {}


async def _settle(
    door: Door, facts: dict[str, Any], project: dict[str, Any], lines: dict[str, dict[str, Any]], *, paying: bool = True
) -> dict[str, Any]:
    """Bring each line as far as the story says, payments only once the project is committed."""
    for line in facts.get("funding", ()):
        present = _line(project, lines[line["key"]])
        for step in _steps(line, present["status"], paying=paying):
            project = await _step(door, project, present, step, line)
    return project


def _steps(line: dict[str, Any], status: str, *, paying: bool) -> list[str]:
    reaches, own = line["reaches"], line["nature"] in OWN_MONEY
    full = {
        "planned": [],
        "requested": ["request"],
        "under_review": ["request", "review"],
        "refused": ["request", "refuse"],
        "granted": ["grant"] if own else ["request", "grant"],
        "partly_paid": ["request", "grant", "pay"],
        "paid": ["request", "grant", "pay"],
    }[reaches]
    done = {"planned": 0, "requested": 1, "under_review": 2, "granted": 1 if own else 2}.get(status, len(full))
    return [step for step in full[done:] if paying or step != "pay"]


async def _step(
    door: Door, project: dict[str, Any], line: dict[str, Any], step: str, facts: dict[str, Any]
) -> dict[str, Any]:
    amount = facts.get("amount_paid", facts["amount_planned"]) if step == "pay" else facts["amount_planned"]
    body: dict[str, Any] = {"step": step}
    if step in {"request", "grant", "pay"}:
        body |= {"amount": f"{amount:.2f}", "on": day(facts, "filed") if step == "request" else today()}
    if step == "grant":
        body["reference"] = facts.get("decision_ref", "DEMO")
    if step == "refuse":
        body |= {"on": today(), "reason": "Dossier non retenu (fictif)."}
    path = f"/api/v1/projects/{project['id']}/funding/{line['id']}/steps"
    return door.promised(await door.post(path, body, version=project["version"], expected=200))


async def _fall_back(
    door: Door, project: dict[str, Any], line: dict[str, Any], fallback: dict[str, Any]
) -> dict[str, Any]:
    path = f"/api/v1/projects/{project['id']}/funding/{line['id']}"
    return await _patch(door, project, path, {"fallback_line_id": fallback["id"]})


async def _move(door: Door, project: dict[str, Any], move: str, **inputs: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    role = "coordinator" if move in {"commit", "reject"} else "agent"
    path = f"/api/v1/projects/{project['id']}/moves"
    body = {"move": move, **inputs}
    return door.promised(await door.post(path, body, role=role, version=project["version"], expected=200))


async def _refused(door: Door, project: dict[str, Any], move: str) -> None:
    """Try a move that a guard must refuse: it says why, in French, and changes nothing."""
    path = f"/api/v1/projects/{project['id']}/moves"
    problem = await door.post(path, {"move": move}, version=project["version"], expected=409)
    if not problem.get("unmet"):
        raise Conflict(f"Le refus de « {move} » ne dit pas ce qui manque : {problem}")
    door.ledger.count("refused", epci=door.place.code)
    door.ledger.refusals += [unmet["message"] for unmet in problem["unmet"]]


async def _add(
    door: Door, project: dict[str, Any], part: str, wanted: dict[str, Any], *, role: str = "agent"
) -> dict[str, Any]:
    return door.promised(await door.post(f"/api/v1/projects/{project['id']}/{part}", wanted, role=role))


async def _patch(door: Door, project: dict[str, Any], path: str, wanted: dict[str, Any]) -> dict[str, Any]:
    answer_ = await door.send("PATCH", path, json=wanted, headers={"if-match": f'"{project["version"]}"'})
    if answer_.status_code != 200:
        raise Conflict(f"{path} a répondu {answer_.status_code} : {answer_.text[:300]}")
    return door.promised(answer_.json())


def _line(project: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in project["funding"] if one["id"] == line["id"])
    return found
