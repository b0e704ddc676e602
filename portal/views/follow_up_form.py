"""The form of a follow-up by a person: the five questions as three keys."""

from __future__ import annotations

from dispatch.domain.calls import SurveyResult
from dispatch.domain.errors import InvalidInput
from dispatch.domain.vocabulary import Rating, Verdict
from dispatch.service.followup_answers import Answers

TOLD: dict[str, tuple[str, bool | None, bool | None]] = {
    "both": ("联系过，答复属实", True, True),
    "contacted": ("联系过，答复不属实", True, False),
    "true": ("没联系，答复属实", False, True),
    "neither": ("没联系，答复不属实", False, False),
    "unsaid": ("没有说明", None, None),
}
"""One key for two questions: whether the unit was in touch, and whether its reply is so."""

UNREACHED = (
    SurveyResult.NO_ANSWER,
    SurveyResult.BUSY,
    SurveyResult.DECLINED,
    SurveyResult.NO_SUCH_NUMBER,
    SurveyResult.MACHINE,
)


def answers_of(typed: dict[str, str]) -> Answers:
    """What was keyed in.

    Raises:
        InvalidInput: a question was left out, or a word is not one of those offered.
    """
    comment = typed.get("comment", "")
    if typed.get("reached") == "no":
        result = next((one for one in UNREACHED if one.value == typed.get("result")), None)
        if result is None:
            raise InvalidInput("请选择没有接通的原因", field="result")
        return Answers(reached=False, result=result, note=comment)
    if typed.get("reached") != "yes":
        raise InvalidInput("请选择是否接通", field="reached")
    told = TOLD.get(typed.get("told", ""))
    if told is None:
        raise InvalidInput(
            "请选择单位是否联系过、答复是否属实；没有问到的选“没有说明”", field="told"
        )
    solved, rating = typed.get("solved", ""), typed.get("rating", "")
    if solved != "unsaid" and solved not in set(Verdict):
        raise InvalidInput("请选择是否解决；诉求人没有表态的选“没有表态”", field="solved")
    if rating != "unsaid" and rating not in set(Rating):
        raise InvalidInput("请选择是否满意；诉求人不愿评价的选“不愿评价”", field="rating")
    return Answers(
        reached=True,
        contacted=told[1],
        reply_true=told[2],
        solved=None if solved == "unsaid" else Verdict(solved),
        rating=None if rating == "unsaid" else Rating(rating),
        comment=comment,
        redo_wanted=typed.get("redo") == "yes",
    )
