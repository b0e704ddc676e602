"""Learning and hot spots."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from dispatch.db import UtcDateTime

revision: str = "0004_learning"
down_revision: str | None = "0003_contact_centre"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "automatic_dispatch",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("model_version", sa.String(length=60), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("precision", sa.Double(), nullable=True),
        sa.Column("assignment_id", sa.Integer(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"],
            ["assignment.id"],
            name=op.f("fk_automatic_dispatch_assignment_id_assignment"),
        ),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["category.id"],
            name=op.f("fk_automatic_dispatch_category_id_category"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_automatic_dispatch_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_automatic_dispatch")),
    )
    with op.batch_alter_table("automatic_dispatch", schema=None) as batch_op:
        batch_op.create_index("ix_automatic_dispatch_at", ["at"], unique=False)

    op.create_table(
        "hot_spot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(length=20), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("surprise", sa.Double(), nullable=False),
        sa.Column("usual", sa.JSON(), nullable=False),
        sa.Column("spread", sa.Double(), nullable=False),
        sa.Column("dismissed_tickets", sa.Integer(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_hot_spot_category_id_category")
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["staff.id"], name=op.f("fk_hot_spot_ended_by_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hot_spot")),
    )
    with op.batch_alter_table("hot_spot", schema=None) as batch_op:
        batch_op.create_index("ix_hot_spot_found", ["found_at"], unique=False)
        batch_op.create_index(
            "ix_hot_spot_open",
            ["category_id", "division", "place"],
            unique=True,
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "model_release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("data_sha256", sa.String(length=64), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("trained_at", UtcDateTime(), nullable=False),
        sa.Column("activated_at", UtcDateTime(), nullable=True),
        sa.Column("activated_by_id", sa.Integer(), nullable=True),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column("previous_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["activated_by_id"], ["staff.id"], name=op.f("fk_model_release_activated_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["previous_id"],
            ["model_release.id"],
            name=op.f("fk_model_release_previous_id_model_release"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_release")),
        sa.UniqueConstraint("version", name=op.f("uq_model_release_version")),
    )
    with op.batch_alter_table("model_release", schema=None) as batch_op:
        batch_op.create_index(
            "ix_model_release_active",
            ["state"],
            unique=True,
            postgresql_where=sa.text("state = 'active'"),
            sqlite_where=sa.text("state = 'active'"),
        )

    op.create_table(
        "hot_spot_ticket",
        sa.Column("hot_spot_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hot_spot_id"], ["hot_spot.id"], name=op.f("fk_hot_spot_ticket_hot_spot_id_hot_spot")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_hot_spot_ticket_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("hot_spot_id", "ticket_id", name=op.f("pk_hot_spot_ticket")),
    )
    with op.batch_alter_table("hot_spot_ticket", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_hot_spot_ticket_ticket_id"), ["ticket_id"], unique=False
        )

    op.create_table(
        "labelled_example",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("previous_category_id", sa.Integer(), nullable=True),
        sa.Column("provenance", sa.String(length=20), nullable=False),
        sa.Column("model_version", sa.String(length=60), nullable=False),
        sa.Column("proposed", sa.String(length=40), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_labelled_example_category_id_category")
        ),
        sa.ForeignKeyConstraint(
            ["previous_category_id"],
            ["category.id"],
            name=op.f("fk_labelled_example_previous_category_id_category"),
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_labelled_example_staff_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_labelled_example_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labelled_example")),
    )
    with op.batch_alter_table("labelled_example", schema=None) as batch_op:
        batch_op.create_index("ix_labelled_example_at", ["at"], unique=False)
        batch_op.create_index("ix_labelled_example_ticket", ["ticket_id"], unique=False)

    op.create_table(
        "training_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["staff.id"], name=op.f("fk_training_run_asked_by_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["model_release.id"],
            name=op.f("fk_training_run_release_id_model_release"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_run")),
    )
    with op.batch_alter_table("training_run", schema=None) as batch_op:
        batch_op.create_index(
            "ix_training_run_open",
            ["state"],
            unique=True,
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
        )

    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index("ix_ticket_created")
        batch_op.create_index(
            "ix_ticket_created", ["created_at", "category_id", "division"], unique=False
        )


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index("ix_ticket_created")
        batch_op.create_index("ix_ticket_created", ["created_at"], unique=False)

    with op.batch_alter_table("training_run", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_training_run_open",
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
        )

    op.drop_table("training_run")
    with op.batch_alter_table("labelled_example", schema=None) as batch_op:
        batch_op.drop_index("ix_labelled_example_ticket")
        batch_op.drop_index("ix_labelled_example_at")

    op.drop_table("labelled_example")
    with op.batch_alter_table("hot_spot_ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hot_spot_ticket_ticket_id"))

    op.drop_table("hot_spot_ticket")
    with op.batch_alter_table("model_release", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_model_release_active",
            postgresql_where=sa.text("state = 'active'"),
            sqlite_where=sa.text("state = 'active'"),
        )

    op.drop_table("model_release")
    with op.batch_alter_table("hot_spot", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_hot_spot_open",
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index("ix_hot_spot_found")

    op.drop_table("hot_spot")
    with op.batch_alter_table("automatic_dispatch", schema=None) as batch_op:
        batch_op.drop_index("ix_automatic_dispatch_at")

    op.drop_table("automatic_dispatch")
