"""Every table, so that the metadata is complete wherever this is imported."""

from dispatch.db import Base
from dispatch.models import catalog, contacts, followups, people, tickets

MODULES = (catalog, contacts, followups, people, tickets)
METADATA = Base.metadata
