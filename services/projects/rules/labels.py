"""French words of the lists that a fiche shows beside those of lists and files."""

from collections.abc import Mapping

from services.projects.rules.words import Body, MilestoneStatus, Outcome
from shared.contracts.projects import FunderType, FundingNature, ParticipantStatus

FUNDERS: Mapping[str, str] = {
    FunderType.EPCI: "EPCI",
    FunderType.COMMUNE: "Commune",
    FunderType.DEPARTEMENT: "Département",
    FunderType.REGION: "Région",
    FunderType.STATE: "État",
    FunderType.ADEME: "ADEME",
    FunderType.BPIFRANCE: "Bpifrance",
    FunderType.BANQUE_DES_TERRITOIRES: "Banque des Territoires",
    FunderType.FEDER: "FEDER",
    FunderType.FTJ: "FTJ",
    FunderType.FSE: "FSE+",
    FunderType.WATER_AGENCY: "Agence de l’eau",
    FunderType.PRIVATE: "Privé",
    FunderType.CROWD: "Contributeurs",
    FunderType.OTHER: "Autre",
}
NATURES: Mapping[str, str] = {
    FundingNature.GRANT: "Subvention",
    FundingNature.LOAN: "Prêt",
    FundingNature.REPAYABLE_ADVANCE: "Avance remboursable",
    FundingNature.EQUITY: "Apport en capital",
    FundingNature.OWN_FUNDS: "Autofinancement",
    FundingNature.IN_KIND: "Apport en nature",
    FundingNature.CROWDFUNDING: "Financement participatif",
}
STEPS: Mapping[str, str] = {
    MilestoneStatus.PLANNED: "Prévu",
    MilestoneStatus.DONE: "Fait",
    MilestoneStatus.CANCELLED: "Annulé",
}
OUTCOMES: Mapping[str, str] = {
    Outcome.FAVOURABLE: "Favorable",
    Outcome.FAVOURABLE_WITH_CONDITIONS: "Favorable avec réserves",
    Outcome.ADJOURNED: "Ajourné",
    Outcome.UNFAVOURABLE: "Défavorable",
}
BODIES: Mapping[str, str] = {
    Body.LOCAL_COMMITTEE: "Comité de projet",
    Body.TERRITORY_COMMITTEE: "Comité du Territoire d’industrie",
    Body.REGIONAL_COMMITTEE: "Comité de pilotage régional",
    Body.STATE_REVIEW: "Revue de l’État",
}
PARTICIPANTS: Mapping[str, str] = {
    ParticipantStatus.INVITED: "Invité",
    ParticipantStatus.PROPOSED: "Candidat",
    ParticipantStatus.ACCEPTED: "Accepté",
    ParticipantStatus.DECLINED: "Décliné",
    ParticipantStatus.REFUSED: "Refusé",
    ParticipantStatus.LEFT: "Sorti",
    ParticipantStatus.REMOVED: "Retiré",
}
