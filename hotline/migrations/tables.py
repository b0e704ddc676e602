"""Every table, so that the metadata is complete wherever this is imported."""

from dispatch.db import Base
from dispatch.models import (
    catalog,
    contacts,
    followups,
    handling,
    judging,
    knowledge,
    learning,
    oversight,
    people,
    reporting,
    telephone,
    tickets,
    ties,
)

MODULES = (
    catalog,
    contacts,
    followups,
    handling,
    judging,
    knowledge,
    learning,
    oversight,
    people,
    reporting,
    telephone,
    tickets,
    ties,
)
METADATA = Base.metadata
