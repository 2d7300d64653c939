"""Users, rights and quotas of a cluster, compared with those planned and made so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka.admin import AclBinding  # type: ignore[attr-defined]  # re-exported without saying so

from shared.messaging.topology import acls, users
from shared.messaging.topology.client import admin_client
from shared.messaging.topology.rights import Principal, Right
from shared.messaging.topology.topics import PATIENCE_SECONDS
from shared.settings import KafkaAccess

Entries = Mapping[str, Mapping[str, float]]


@dataclass
class GuestPlan:
    """What stands between the users of a cluster and those planned."""

    unknown: list[str] = field(default_factory=list)
    """Users to be made."""
    missing: list[Right] = field(default_factory=list)
    surplus: list[AclBinding] = field(default_factory=list)
    """Rules by which a user of ours may do more than planned; ``apply`` takes them away."""
    foreign: list[AclBinding] = field(default_factory=list)
    """Rules about our topics that are not ours, or that forbid; told, never touched."""
    quotas: dict[str, dict[str, float]] = field(default_factory=dict)
    """By user, the quotas it should have and has not."""
    right: int = 0

    @property
    def calls_for_work(self) -> bool:
        """Whether ``apply`` would change anything."""
        return bool(self.unknown or self.missing or self.surplus or self.quotas)


class Guests:
    """Compares the users of one cluster with the plan, and makes them so."""

    def __init__(self, access: KafkaAccess, *, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._admin = admin_client(access)

    def plan(self, principals: Sequence[Principal], *, quotas: Entries) -> GuestPlan:
        """Return what is missing, too much or different, changing nothing; ``quotas`` are those of today.

        Raises:
            Unavailable: the cluster does not answer.
            Forbidden: this access may not look.
        """
        found = acls.bindings(self._admin, patience=self._patience)
        there = {acls.key_of(one) for one in found}
        wanted = {right for one in principals for right in one.rights}
        names = [one.user for one in principals]
        missing = sorted(right for right in wanted if acls.key_of(acls.binding_of(right)) not in there)
        known = users.known_users(self._admin, patience=self._patience)
        return GuestPlan(
            unknown=[user for user in names if user not in known],
            missing=missing,
            surplus=acls.surplus_of(found, wanted=wanted, users=names),
            foreign=acls.foreign_of(found, users=names),
            quotas={one.user: one.quotas for one in principals if dict(quotas.get(one.user, {})) != one.quotas},
            right=len(wanted) - len(missing),
        )

    def apply(self, plan: GuestPlan, *, passwords: Path) -> list[Path]:
        """Take away what is too much, then make users and grant rights; return the files of new passwords.

        Quotas are set by whoever read them. What is granted can be used once it returns.

        Raises:
            Unavailable: the cluster does not answer.
            Forbidden: this access may not.
            Invalid: a file holds too short a password.
        """
        acls.remove(self._admin, plan.surplus, patience=self._patience)
        files = []
        for user in plan.unknown:
            file = users.password_file(passwords, user)
            if not file.exists():
                users.draw(passwords, user).replace(file)
            users.set_password(self._admin, user, users.password_in(file), patience=self._patience)
            files.append(file)
        acls.add(self._admin, plan.missing, patience=self._patience)
        return files

    def rotate(self, user: str, *, passwords: Path) -> Path:
        """Give a user a password newly drawn, and return its file.

        Raises:
            Unavailable: the cluster does not answer.
            Forbidden: this access may not.
        """
        file, draft = users.password_file(passwords, user), users.draw(passwords, user)
        users.set_password(self._admin, user, users.password_in(draft), patience=self._patience)
        return draft.replace(file)
