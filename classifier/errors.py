"""What can be wrong with a model or its data, in words for the person who has to mend it."""

from dispatch.domain.errors import HotlineError


class ModelMissing(HotlineError):
    """没有找到模型，请先训练（hotline classify train）"""

    code = "model-missing"


class ModelRefused(HotlineError):
    """模型文件损坏，或不是本系统生成的模型，已拒绝加载"""

    code = "model-refused"


class SamplesUnusable(HotlineError):
    """样本文件无法使用"""

    code = "samples-unusable"


class UrgencyRulesUnusable(HotlineError):
    """紧急程度规则无法使用"""

    code = "urgency-rules-unusable"


class IndexUnusable(HotlineError):
    """相似工单的索引损坏或版本不符，将自动重建"""

    code = "index-unusable"
