"""French words of the published lists, the same in every service; a value of tomorrow reads « Autre »."""

from collections.abc import Mapping

from shared.contracts.projects import Axis, Stage

STAGES: Mapping[str, str] = {
    Stage.IDEA: "Idée recensée",
    Stage.QUALIFICATION: "Qualification",
    Stage.STRUCTURING: "Montage",
    Stage.APPRAISAL: "Instruction",
    Stage.COMMITTED: "Validé",
    Stage.DELIVERY: "En réalisation",
    Stage.COMPLETED: "Réalisé",
    Stage.EVALUATED: "Évalué",
    Stage.REJECTED: "Refusé",
    Stage.ABANDONED: "Abandonné",
}
AXES: Mapping[str, str] = {
    Axis.ECOLOGICAL_ENERGY_TRANSITION: "Transition écologique et énergétique",
    Axis.INNOVATION_ECOSYSTEM: "Écosystèmes d’innovation",
    Axis.SKILLS_RECRUITMENT: "Compétences et recrutement",
    Axis.INDUSTRIAL_LAND: "Foncier industriel",
}


def label(words: Mapping[str, str], value: str | None) -> str:
    """Return the French label of a wire value: « Autre » for one this software does not know, empty for none."""
    return "" if value is None else words.get(value, "Autre")
