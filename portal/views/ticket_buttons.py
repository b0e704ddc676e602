"""Every changing button of a ticket's page, by the last part of its address."""

from __future__ import annotations

from collections.abc import Mapping

from portal.views import (
    ticket_actions,
    ticket_applications,
    ticket_model,
    ticket_oversight,
    ticket_particulars,
    ticket_shares,
    ticket_ties,
)
from portal.views.ticket_press import Button

BUTTONS: Mapping[str, Button] = {
    **ticket_actions.BUTTONS,
    **ticket_applications.BUTTONS,
    **ticket_ties.BUTTONS,
    **ticket_shares.BUTTONS,
    **ticket_oversight.BUTTONS,
    **ticket_particulars.BUTTONS,
    **ticket_model.BUTTONS,
}
