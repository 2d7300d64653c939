"""The closed lists of contacts; their values are what requests and answers say."""

from enum import StrEnum


class NafVersion(StrEnum):
    """Which nomenclature an activity code belongs to."""

    REV2 = "rev2"
    NAF_2025 = "2025"


class WorkforceBand(StrEnum):
    """Bands of employees.

    Source: « tranche d’effectifs » of the Sirene register, INSEE.
    """

    NOT_EMPLOYING = "NN"
    NONE = "00"
    FROM_1 = "01"
    FROM_3 = "02"
    FROM_6 = "03"
    FROM_10 = "11"
    FROM_20 = "12"
    FROM_50 = "21"
    FROM_100 = "22"
    FROM_200 = "31"
    FROM_250 = "32"
    FROM_500 = "41"
    FROM_1000 = "42"
    FROM_2000 = "51"
    FROM_5000 = "52"
    FROM_10000 = "53"


class CompanyState(StrEnum):
    """Whether the register says that a company still lives."""

    ACTIVE = "active"
    CLOSED = "closed"


class InteractionKind(StrEnum):
    """How people met."""

    PHONE = "phone"
    VISIT = "visit"
    MEETING = "meeting"
    VIDEO = "video"
    EMAIL = "email"
    EVENT = "event"
    OTHER = "other"


class InitiatedBy(StrEnum):
    """Who sought the exchange; decides how long a person is kept."""

    PERSON = "person"
    TEAM = "team"
    PARTNER = "partner"


class InteractionVisibility(StrEnum):
    """Who may read an exchange."""

    AUTHOR = "author"
    TEAM = "team"


class ExchangeSource(StrEnum):
    """Where a line of a company’s exchanges comes from."""

    TEAM = "team"
    REGISTRATION = "registration"


class NeedTheme(StrEnum):
    """What an exchange was about."""

    CASH_FLOW = "cash_flow"
    INVESTMENT_FUNDING = "investment_funding"
    RECRUITMENT_SKILLS = "recruitment_skills"
    LAND_PREMISES = "land_premises"
    INNOVATION = "innovation"
    DIGITAL = "digital"
    CYBERSECURITY = "cybersecurity"
    COMMERCIAL = "commercial"
    ADMINISTRATIVE = "administrative"
    ECOLOGY_ENERGY = "ecology_energy"
    SUPPLY_CHAIN = "supply_chain"
    MOBILITY_HOUSING = "mobility_housing"
    TRANSMISSION = "transmission"
    PEER_NETWORK = "peer_network"


class Purpose(StrEnum):
    """What a person’s data serve."""

    COMPANY_FOLLOW_UP = "company_follow_up"
    REFERRAL = "referral"
    PHONING_SURVEY = "phoning_survey"
    PUBLIC_LISTING = "public_listing"
    AWARDS = "awards"
    SUBMISSIONS = "submissions"


class LegalBasis(StrEnum):
    """On what ground they are held; the EPCI’s data protection officer decides.

    Source: Regulation (EU) 2016/679, article 6.
    """

    PUBLIC_INTEREST = "public_interest"
    CONSENT = "consent"
    LEGAL_OBLIGATION = "legal_obligation"
    CONTRACT = "contract"


class Statement(StrEnum):
    """What a line of a person’s oppositions says."""

    OPPOSED = "opposed"
    LIFTED = "lifted"


class StatedBy(StrEnum):
    """Who said it; the team may note an opposition by caution, never lift one."""

    PERSON = "person"
    TEAM = "team"
