"""whole fiche"""

from typing import Any

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "e6b4dc02e1d1"
down_revision = "bdead21ef267"
branch_labels = None
depends_on = None

_EUROS = sa.Numeric(14, 2).with_variant(sa.BigInteger(), "sqlite")
_VALUES = ("baseline", "target", "actual")


def _json_list(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), server_default="[]", nullable=False)


def upgrade() -> None:
    with op.batch_alter_table("funding_line", schema=None) as batch_op:
        batch_op.add_column(_json_list("matched_line_ids"))
        batch_op.add_column(sa.Column("target", _EUROS, nullable=True))
        batch_op.add_column(sa.Column("collected", _EUROS, nullable=True))
        batch_op.add_column(sa.Column("contributors", sa.Integer(), nullable=True))

    _measure()
    with op.batch_alter_table("indicator", schema=None) as batch_op:
        batch_op.add_column(sa.Column("comment", sa.Text(), server_default="", nullable=False))

    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in ("expected_effects", "filieres", "naf_sections", "programmes", "measures", "partners", "yearly"):
            batch_op.add_column(_json_list(name))
        batch_op.add_column(sa.Column("legacy_axis", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("fragile_territory", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("priority", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("lon", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("lat", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("zae_site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column("running_cost_ht_year", _EUROS, nullable=True))
        batch_op.add_column(sa.Column("news_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE project SET news_at = updated_at")
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.alter_column("news_at", existing_type=sa.DateTime(timezone=True), nullable=False)


def _measure() -> None:
    """Turn each quantity into a value that can say when it was measured, and by whom."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    made = (
        "json_object('value', {0})" if sqlite else "CASE WHEN {0} IS NOT NULL THEN json_build_object('value', {0}) END"
    )
    if sqlite:
        for name in _VALUES:
            op.execute(f"UPDATE indicator SET {name} = {made.format(name)} WHERE {name} IS NOT NULL")  # noqa: S608
    with op.batch_alter_table("indicator", schema=None) as batch_op:
        for name in _VALUES:
            using: dict[str, Any] = {} if sqlite else {"postgresql_using": made.format(name)}
            batch_op.alter_column(
                name, existing_type=sa.VARCHAR(), type_=sa.JSON(none_as_null=True), existing_nullable=True, **using
            )


def downgrade() -> None:
    with op.batch_alter_table("project", schema=None) as batch_op:
        for name in (
            "news_at", "running_cost_ht_year", "zae_site_id", "lat", "lon", "priority", "fragile_territory",
            "legacy_axis", "yearly", "partners", "measures", "programmes", "naf_sections", "filieres",
            "expected_effects",
        ):  # fmt: skip
            batch_op.drop_column(name)

    sqlite = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("indicator", schema=None) as batch_op:
        batch_op.drop_column("comment")
        for name in _VALUES:
            using: dict[str, Any] = {} if sqlite else {"postgresql_using": f"{name} ->> 'value'"}
            batch_op.alter_column(
                name, existing_type=sa.JSON(none_as_null=True), type_=sa.VARCHAR(), existing_nullable=True, **using
            )
    if sqlite:
        for name in _VALUES:
            op.execute(f"UPDATE indicator SET {name} = json_extract({name}, '$.value') WHERE {name} IS NOT NULL")  # noqa: S608

    with op.batch_alter_table("funding_line", schema=None) as batch_op:
        for name in ("contributors", "collected", "target", "matched_line_ids"):
            batch_op.drop_column(name)
