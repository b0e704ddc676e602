"""Who may rule on an application: nobody on his own, and some only the person in charge."""

from __future__ import annotations

from dispatch.domain.errors import HigherApproverNeeded, OwnRequest
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ApplicationKind
from dispatch.domain.vocabulary import Role
from dispatch.models.handling import Application
from dispatch.models.tickets import Assignment


def check_ruler(actor: Actor, application: Application, share: Assignment) -> None:
    """Refuse who asked, and of a return who dispatched.

    Raises:
        OwnRequest: the sentence says which of the two.
    """
    if actor.staff_id is None:
        return
    if actor.staff_id == application.asked_by_id:
        raise OwnRequest("不能裁定自己提出的申请，请换一位同事")
    if application.kind == ApplicationKind.RETURN and actor.staff_id == share.dispatched_by_id:
        raise OwnRequest(
            f"这张工单是您于 {to_the_minute(share.dispatched_at)} 派出的，"
            "退单申请须由另一位同事裁定"
        )


def check_rank(actor: Actor, application: Application, rules: Rules) -> None:
    """Leave what needs the higher approver to the centre's person in charge.

    Raises:
        HigherApproverNeeded: the actor is somebody else.
    """
    if application.higher and not (actor.role is Role.CENTER and actor.approver):
        mark = rules.profile.mark_of("extension.further_needs_higher_approver")
        raise HigherApproverNeeded(
            "这是再次延期的申请，须由热线中心负责人审批，请转告负责人；不同意的可以直接驳回。"
            + mark.cited
        )
