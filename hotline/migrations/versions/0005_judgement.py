"""Judgement: how people were asked, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from dispatch.db import UtcDateTime

revision: str = "0005_judgement"
down_revision: str | None = "0004_learning"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "survey_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("refused", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_survey_import_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_import")),
    )
    op.create_table(
        "accountability",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("rules", sa.String(length=60), nullable=False),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=True),
        sa.Column("talked_at", UtcDateTime(), nullable=True),
        sa.Column("minutes", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("breached_at", UtcDateTime(), nullable=True),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("reported_at", UtcDateTime(), nullable=True),
        sa.Column("reported_by_id", sa.Integer(), nullable=True),
        sa.Column("ruling", sa.Text(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["closed_by_id"], ["staff.id"], name=op.f("fk_accountability_closed_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_accountability_department_id_department"),
        ),
        sa.ForeignKeyConstraint(
            ["opened_by_id"], ["staff.id"], name=op.f("fk_accountability_opened_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["reported_by_id"], ["staff.id"], name=op.f("fk_accountability_reported_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_accountability_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accountability")),
    )
    with op.batch_alter_table("accountability", schema=None) as batch_op:
        batch_op.create_index("ix_accountability_department", ["department_id"], unique=False)
        batch_op.create_index("ix_accountability_state", ["kind", "state", "due_at"], unique=False)

    op.create_table(
        "appeal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("first_by_id", sa.Integer(), nullable=True),
        sa.Column("first_at", UtcDateTime(), nullable=True),
        sa.Column("first_words", sa.Text(), nullable=False),
        sa.Column("second_by_id", sa.Integer(), nullable=True),
        sa.Column("second_at", UtcDateTime(), nullable=True),
        sa.Column("second_words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["staff.id"], name=op.f("fk_appeal_asked_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_appeal_department_id_department")
        ),
        sa.ForeignKeyConstraint(
            ["first_by_id"], ["staff.id"], name=op.f("fk_appeal_first_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["second_by_id"], ["staff.id"], name=op.f("fk_appeal_second_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_appeal_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
    )
    with op.batch_alter_table("appeal", schema=None) as batch_op:
        batch_op.create_index("ix_appeal_department", ["department_id", "asked_at"], unique=False)
        batch_op.create_index(
            "ix_appeal_open",
            ["ticket_id", "department_id", "measure"],
            unique=True,
            postgresql_where=sa.text("state IN ('pending', 'first_granted')"),
            sqlite_where=sa.text("state IN ('pending', 'first_granted')"),
        )
        batch_op.create_index("ix_appeal_state", ["state", "due_at"], unique=False)

    op.create_table(
        "gaming_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("other_ticket_id", sa.Integer(), nullable=True),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_gaming_finding_department_id_department"),
        ),
        sa.ForeignKeyConstraint(
            ["other_ticket_id"],
            ["ticket.id"],
            name=op.f("fk_gaming_finding_other_ticket_id_ticket"),
        ),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["staff.id"], name=op.f("fk_gaming_finding_settled_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_gaming_finding_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaming_finding")),
        sa.UniqueConstraint("kind", "department_id", "ticket_id", "week", name="uq_gaming_finding"),
    )
    with op.batch_alter_table("gaming_finding", schema=None) as batch_op:
        batch_op.create_index("ix_gaming_finding_week", ["week", "kind"], unique=False)

    op.create_table(
        "agent_rating",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("extension", sa.String(length=20), nullable=False),
        sa.Column("rating", sa.String(length=30), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_agent_rating_contact_id_contact")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_rating")),
        sa.UniqueConstraint("call_id", name=op.f("uq_agent_rating_call_id")),
    )
    with op.batch_alter_table("agent_rating", schema=None) as batch_op:
        batch_op.create_index("ix_agent_rating_at", ["at", "extension"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_agent_rating_contact_id"), ["contact_id"], unique=False
        )

    op.create_table(
        "exclusion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("appeal_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.Column("lifted_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appeal_id"], ["appeal.id"], name=op.f("fk_exclusion_appeal_id_appeal")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_exclusion_department_id_department")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by_id"], ["staff.id"], name=op.f("fk_exclusion_lifted_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_exclusion_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusion")),
        sa.UniqueConstraint("appeal_id", name=op.f("uq_exclusion_appeal_id")),
    )
    with op.batch_alter_table("exclusion", schema=None) as batch_op:
        batch_op.create_index(
            "ix_exclusion_holds",
            ["ticket_id", "department_id", "measure"],
            unique=True,
            postgresql_where=sa.text("lifted_at IS NULL"),
            sqlite_where=sa.text("lifted_at IS NULL"),
        )
        batch_op.create_index("ix_exclusion_ticket", ["ticket_id", "department_id"], unique=False)

    op.create_table(
        "media_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("outlet", sa.String(length=80), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("supervision_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("registered_by_id", sa.Integer(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["registered_by_id"], ["staff.id"], name=op.f("fk_media_item_registered_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["supervision_id"],
            ["supervision.id"],
            name=op.f("fk_media_item_supervision_id_supervision"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_media_item_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_item")),
    )
    with op.batch_alter_table("media_item", schema=None) as batch_op:
        batch_op.create_index("ix_media_item_state", ["state", "published_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_media_item_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "quality_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("twice", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("drawn_at", UtcDateTime(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("sheet", sa.JSON(), nullable=False),
        sa.Column("final", sa.Integer(), nullable=True),
        sa.Column("ruled_by_id", sa.Integer(), nullable=True),
        sa.Column("ruling", sa.Text(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_quality_check_contact_id_contact")
        ),
        sa.ForeignKeyConstraint(
            ["ruled_by_id"], ["staff.id"], name=op.f("fk_quality_check_ruled_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_quality_check_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_check")),
    )
    with op.batch_alter_table("quality_check", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_quality_check_contact_id"), ["contact_id"], unique=False
        )
        batch_op.create_index("ix_quality_check_state", ["state", "drawn_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_quality_check_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("follow_up_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff.id"], name=op.f("fk_review_decided_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["follow_up_id"], ["follow_up.id"], name=op.f("fk_review_follow_up_id_follow_up")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_review_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("ticket_id", "round", name="uq_review_round"),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index(
            "ix_review_due",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("state = 'pending'"),
            sqlite_where=sa.text("state = 'pending'"),
        )

    op.create_table(
        "survey_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("follow_up_id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["follow_up_id"], ["follow_up.id"], name=op.f("fk_survey_link_follow_up_id_follow_up")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_link")),
        sa.UniqueConstraint("follow_up_id", name=op.f("uq_survey_link_follow_up_id")),
    )
    with op.batch_alter_table("survey_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_survey_link_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "text_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("follow_up_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["follow_up_id"], ["follow_up.id"], name=op.f("fk_text_message_follow_up_id_follow_up")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_text_message_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_message")),
    )
    with op.batch_alter_table("text_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_text_message_due",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("state = 'waiting'"),
            sqlite_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index("ix_text_message_ticket", ["ticket_id"], unique=False)

    op.create_table(
        "quality_score",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("check_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"], ["quality_check.id"], name=op.f("fk_quality_score_check_id_quality_check")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_quality_score_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_score")),
        sa.UniqueConstraint("check_id", "staff_id", name="uq_quality_score_once"),
    )
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("contacted", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("reply_true", sa.Boolean(), nullable=True))
        batch_op.add_column(
            sa.Column("language", sa.String(length=10), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("comment", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("comment_sound", sa.String(length=200), nullable=True))
        batch_op.add_column(
            sa.Column("redo_wanted", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("asked_by", sa.String(length=80), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("import_id", sa.Integer(), nullable=True))
        batch_op.create_index(
            "ix_follow_up_calling",
            ["number"],
            unique=True,
            postgresql_where=sa.text("state = 'calling'"),
            sqlite_where=sa.text("state = 'calling'"),
        )
        batch_op.create_index("ix_follow_up_ended", ["ended_at"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_follow_up_import_id_survey_import"),
            "survey_import",
            ["import_id"],
            ["id"],
        )

    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("first_solved", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("first_rating", sa.String(length=30), nullable=True))

    # Whoever was asked once only has said his first word and his last in one.
    op.execute(
        "UPDATE ticket SET first_solved = solved, first_rating = rating"
        " WHERE round = 1 AND (solved IS NOT NULL OR rating IS NOT NULL)"
    )


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_column("first_rating")
        batch_op.drop_column("first_solved")

    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_follow_up_import_id_survey_import"), type_="foreignkey"
        )
        batch_op.drop_index("ix_follow_up_ended")
        batch_op.drop_index(
            "ix_follow_up_calling",
            postgresql_where=sa.text("state = 'calling'"),
            sqlite_where=sa.text("state = 'calling'"),
        )
        batch_op.drop_column("import_id")
        batch_op.drop_column("asked_by")
        batch_op.drop_column("redo_wanted")
        batch_op.drop_column("comment_sound")
        batch_op.drop_column("comment")
        batch_op.drop_column("language")
        batch_op.drop_column("reply_true")
        batch_op.drop_column("contacted")
        batch_op.drop_column("number")

    op.drop_table("quality_score")
    with op.batch_alter_table("text_message", schema=None) as batch_op:
        batch_op.drop_index("ix_text_message_ticket")
        batch_op.drop_index(
            "ix_text_message_due",
            postgresql_where=sa.text("state = 'waiting'"),
            sqlite_where=sa.text("state = 'waiting'"),
        )

    op.drop_table("text_message")
    with op.batch_alter_table("survey_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_survey_link_expires_at"))

    op.drop_table("survey_link")
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_review_due",
            postgresql_where=sa.text("state = 'pending'"),
            sqlite_where=sa.text("state = 'pending'"),
        )

    op.drop_table("review")
    with op.batch_alter_table("quality_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quality_check_ticket_id"))
        batch_op.drop_index("ix_quality_check_state")
        batch_op.drop_index(batch_op.f("ix_quality_check_contact_id"))

    op.drop_table("quality_check")
    with op.batch_alter_table("media_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_media_item_ticket_id"))
        batch_op.drop_index("ix_media_item_state")

    op.drop_table("media_item")
    with op.batch_alter_table("exclusion", schema=None) as batch_op:
        batch_op.drop_index("ix_exclusion_ticket")
        batch_op.drop_index(
            "ix_exclusion_holds",
            postgresql_where=sa.text("lifted_at IS NULL"),
            sqlite_where=sa.text("lifted_at IS NULL"),
        )

    op.drop_table("exclusion")
    with op.batch_alter_table("agent_rating", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_rating_contact_id"))
        batch_op.drop_index("ix_agent_rating_at")

    op.drop_table("agent_rating")
    with op.batch_alter_table("gaming_finding", schema=None) as batch_op:
        batch_op.drop_index("ix_gaming_finding_week")

    op.drop_table("gaming_finding")
    with op.batch_alter_table("appeal", schema=None) as batch_op:
        batch_op.drop_index("ix_appeal_state")
        batch_op.drop_index(
            "ix_appeal_open",
            postgresql_where=sa.text("state IN ('pending', 'first_granted')"),
            sqlite_where=sa.text("state IN ('pending', 'first_granted')"),
        )
        batch_op.drop_index("ix_appeal_department")

    op.drop_table("appeal")
    with op.batch_alter_table("accountability", schema=None) as batch_op:
        batch_op.drop_index("ix_accountability_state")
        batch_op.drop_index("ix_accountability_department")

    op.drop_table("accountability")
    op.drop_table("survey_import")
