"""JSON bodies of applications and rulings under /api/v1."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from dispatch.domain.terms import ApplicationKind, ApplicationState
from dispatch.service.applications import ApplicationForm
from dispatch.service.rulings import GrantTerms
from portal.schemas import ActionIn

Length = Annotated[
    str | None,
    Field(max_length=40, description="延期多久，写成“数字 单位”，例如 3 working_day"),
]


class ApplicationIn(ActionIn):
    """承办单位的申请"""

    kind: ApplicationKind = Field(description="申请什么")
    reason_code: str = Field(max_length=40, description="原因目录中的代码")
    reason: str = Field(max_length=2000, description="具体情况")
    basis: str = Field("", max_length=2000, description="法律或职责依据；有的原因必填")
    suggested: str | None = Field(None, max_length=40, description="退单时建议的承办单位代码")
    until: date | None = Field(None, description="挂起或承诺办理到哪一天")
    limit: Length = None

    def form(self) -> ApplicationForm:
        """The same, as the service takes it."""
        return ApplicationForm(**self.model_dump(exclude={"version"}))


class GrantIn(ActionIn):
    """同意申请；不填 until 和 limit 即按申请同意"""

    ruling: str = Field("", max_length=2000, description="裁定意见；终止时为告知诉求人的理由，必填")
    until: date | None = Field(None, description="同意到哪一天")
    limit: Length = None
    release_merged: bool = Field(False, description="终止时：并入的工单恢复原状，单独办理")

    def terms(self) -> GrantTerms:
        """The same, as the service takes it."""
        return GrantTerms(**self.model_dump(exclude={"version"}))


class DenyIn(ActionIn):
    """驳回申请"""

    ruling: str = Field(max_length=2000, description="驳回的理由")
    designate: bool = Field(False, description="退单：同时指定承办，以后都不得退回")


class ResumeIn(ActionIn):
    """恢复计时"""

    reason: str = Field("", max_length=2000, description="恢复的原因")


class ApplicationOut(BaseModel):
    """一项申请和它的裁定"""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="序号")
    number: str = Field(description="工单编号")
    kind: ApplicationKind = Field(description="申请什么")
    state: ApplicationState = Field(description="状态")
    unit: str = Field(description="申请单位")
    reason_label: str = Field(description="原因")
    reason: str = Field(description="具体情况")
    basis: str = Field(description="依据")
    suggested: str | None = Field(description="建议的承办单位")
    until: datetime | None = Field(description="申请到")
    higher: bool = Field(description="是否须由热线中心负责人审批")
    asked_at: datetime = Field(description="提出时间")
    ruled_at: datetime | None = Field(description="裁定或撤回的时间")
    ruling: str = Field(description="裁定意见")
    granted_until: datetime | None = Field(description="同意到")
    old_due_at: datetime | None = Field(description="原到期时间")
    new_due_at: datetime | None = Field(description="新到期时间")
