"""Knowledge: entries and their versions, terms, error reports, uses, gaps, misses."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from dispatch.db import UtcDateTime

revision: str = "0007_knowledge"
down_revision: str | None = "0006_reporting"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""

    op.create_table(
        "knowledge_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("keywords", sa.String(length=200), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_knowledge_entry_category_id_category")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_knowledge_entry_department_id_department"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_entry")),
    )
    with op.batch_alter_table("knowledge_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_knowledge_entry_status"), ["status"], unique=False)
        batch_op.create_index("ix_knowledge_entry_unit", ["department_id", "status"], unique=False)

    op.create_table(
        "knowledge_error",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reported_at", UtcDateTime(), nullable=False),
        sa.Column("reported_by_id", sa.Integer(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["staff.id"], name=op.f("fk_knowledge_error_answered_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["knowledge_entry.id"],
            name=op.f("fk_knowledge_error_entry_id_knowledge_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["reported_by_id"], ["staff.id"], name=op.f("fk_knowledge_error_reported_by_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_error")),
    )
    with op.batch_alter_table("knowledge_error", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_knowledge_error_entry_id"), ["entry_id"], unique=False)
        batch_op.create_index("ix_knowledge_error_state", ["state", "due_at"], unique=False)

    op.create_table(
        "knowledge_gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff.id"], name=op.f("fk_knowledge_gap_decided_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_knowledge_gap_department_id_department"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["knowledge_entry.id"],
            name=op.f("fk_knowledge_gap_entry_id_knowledge_entry"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_gap")),
    )
    with op.batch_alter_table("knowledge_gap", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_knowledge_gap_entry_id"), ["entry_id"], unique=False)
        batch_op.create_index(
            "ix_knowledge_gap_question",
            ["question"],
            unique=True,
            postgresql_where=sa.text("state <> 'closed'"),
            sqlite_where=sa.text("state <> 'closed'"),
        )
        batch_op.create_index("ix_knowledge_gap_state", ["state"], unique=False)

    op.create_table(
        "knowledge_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["knowledge_entry.id"],
            name=op.f("fk_knowledge_step_entry_id_knowledge_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_knowledge_step_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_step")),
    )
    with op.batch_alter_table("knowledge_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_knowledge_step_entry_id"), ["entry_id"], unique=False)

    op.create_table(
        "knowledge_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("keywords", sa.String(length=200), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("published_by_id", sa.Integer(), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_knowledge_version_category_id_category")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_knowledge_version_department_id_department"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["knowledge_entry.id"],
            name=op.f("fk_knowledge_version_entry_id_knowledge_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["published_by_id"],
            ["staff.id"],
            name=op.f("fk_knowledge_version_published_by_id_staff"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_version")),
        sa.UniqueConstraint("entry_id", "number", name="uq_knowledge_version"),
    )
    with op.batch_alter_table("knowledge_version", schema=None) as batch_op:
        batch_op.create_index(
            "ix_knowledge_version_live",
            ["entry_id"],
            unique=True,
            postgresql_where=sa.text("live"),
            sqlite_where=sa.text("live"),
        )
        batch_op.create_index(
            batch_op.f("ix_knowledge_version_published_at"), ["published_at"], unique=False
        )

    op.create_table(
        "knowledge_term",
        sa.Column("term", sa.String(length=24), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("impact", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["knowledge_version.id"],
            name=op.f("fk_knowledge_term_version_id_knowledge_version"),
        ),
        sa.PrimaryKeyConstraint("term", "version_id", name=op.f("pk_knowledge_term")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("knowledge_term", schema=None) as batch_op:
        batch_op.create_index("ix_knowledge_term_version", ["version_id"], unique=False)

    op.create_table(
        "knowledge_miss",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gap_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=60), nullable=False),
        sa.Column("question", sa.String(length=60), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_knowledge_miss_category_id_category")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_knowledge_miss_contact_id_contact")
        ),
        sa.ForeignKeyConstraint(
            ["gap_id"], ["knowledge_gap.id"], name=op.f("fk_knowledge_miss_gap_id_knowledge_gap")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_knowledge_miss_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_miss")),
    )
    with op.batch_alter_table("knowledge_miss", schema=None) as batch_op:
        batch_op.create_index("ix_knowledge_miss_at", ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_knowledge_miss_contact_id"), ["contact_id"], unique=False
        )
        batch_op.create_index("ix_knowledge_miss_gap", ["gap_id", "at"], unique=False)
        batch_op.create_index("ix_knowledge_miss_staff", ["staff_id", "at"], unique=False)

    op.create_table(
        "knowledge_use",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_knowledge_use_contact_id_contact")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["knowledge_entry.id"],
            name=op.f("fk_knowledge_use_entry_id_knowledge_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_knowledge_use_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_use")),
    )
    with op.batch_alter_table("knowledge_use", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_knowledge_use_contact_id"), ["contact_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_knowledge_use_entry_id"), ["entry_id"], unique=False)


def downgrade() -> None:
    """Take the change back."""

    with op.batch_alter_table("knowledge_use", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_knowledge_use_entry_id"))
        batch_op.drop_index(batch_op.f("ix_knowledge_use_contact_id"))

    op.drop_table("knowledge_use")
    with op.batch_alter_table("knowledge_miss", schema=None) as batch_op:
        batch_op.drop_index("ix_knowledge_miss_staff")
        batch_op.drop_index("ix_knowledge_miss_gap")
        batch_op.drop_index(batch_op.f("ix_knowledge_miss_contact_id"))
        batch_op.drop_index("ix_knowledge_miss_at")

    op.drop_table("knowledge_miss")
    with op.batch_alter_table("knowledge_term", schema=None) as batch_op:
        batch_op.drop_index("ix_knowledge_term_version")

    op.drop_table("knowledge_term")
    with op.batch_alter_table("knowledge_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_knowledge_version_published_at"))
        batch_op.drop_index(
            "ix_knowledge_version_live",
            postgresql_where=sa.text("live"),
            sqlite_where=sa.text("live"),
        )

    op.drop_table("knowledge_version")
    with op.batch_alter_table("knowledge_step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_knowledge_step_entry_id"))

    op.drop_table("knowledge_step")
    with op.batch_alter_table("knowledge_gap", schema=None) as batch_op:
        batch_op.drop_index("ix_knowledge_gap_state")
        batch_op.drop_index(
            "ix_knowledge_gap_question",
            postgresql_where=sa.text("state <> 'closed'"),
            sqlite_where=sa.text("state <> 'closed'"),
        )
        batch_op.drop_index(batch_op.f("ix_knowledge_gap_entry_id"))

    op.drop_table("knowledge_gap")
    with op.batch_alter_table("knowledge_error", schema=None) as batch_op:
        batch_op.drop_index("ix_knowledge_error_state")
        batch_op.drop_index(batch_op.f("ix_knowledge_error_entry_id"))

    op.drop_table("knowledge_error")
    with op.batch_alter_table("knowledge_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_knowledge_entry_unit")
        batch_op.drop_index(batch_op.f("ix_knowledge_entry_status"))

    op.drop_table("knowledge_entry")
