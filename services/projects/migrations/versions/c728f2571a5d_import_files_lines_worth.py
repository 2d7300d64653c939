"""Imports keep their file apart and each line as it was checked; months and lines of plans are counted whole.

Imports of before are forgotten, not what they wrote: a sheet that was not applied is brought again. Digests are computed
anew by the instance.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "c728f2571a5d"
down_revision = "3bfa46bb87f8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _forget()
    op.create_table(
        "funding_month",
        sa.Column("home_epci", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("month_end", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("home_epci", "month_end", name=op.f("pk_funding_month")),
    )
    op.create_table(
        "import_file",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("sheets", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_import_file_batch_id_import_batch")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_import_file")),
    )
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.drop_column("sheets")
        batch_op.drop_column("lines")
        batch_op.drop_column("next_row")

    with op.batch_alter_table("import_line", schema=None) as batch_op:
        batch_op.add_column(sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False))
        batch_op.add_column(sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False))
        batch_op.add_column(sa.Column("said", sa.JSON(), nullable=False))
        batch_op.add_column(sa.Column("mistakes", sa.JSON(), nullable=False))
        batch_op.add_column(sa.Column("news_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_import_line_outcome"), ["outcome"], unique=False)
        batch_op.drop_column("errors")
        batch_op.drop_column("project_version")


def downgrade() -> None:
    _forget()
    with op.batch_alter_table("import_line", schema=None) as batch_op:
        batch_op.add_column(sa.Column("project_version", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("errors", sa.JSON(), nullable=False))
        batch_op.drop_index(batch_op.f("ix_import_line_outcome"))
        batch_op.drop_column("news_at")
        batch_op.drop_column("mistakes")
        batch_op.drop_column("said")
        batch_op.drop_column("step")
        batch_op.drop_column("title")

    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("next_row", sa.Integer(), nullable=False))
        batch_op.add_column(sa.Column("lines", sa.Integer(), nullable=False))
        batch_op.add_column(sa.Column("sheets", sa.Text(), nullable=False))

    op.drop_table("import_file")
    op.drop_table("funding_month")


def _forget() -> None:
    op.execute("DELETE FROM import_line")
    op.execute("DELETE FROM import_batch")
    op.execute("UPDATE project SET digest = ''")
    op.execute("UPDATE known_project SET digest = ''")
