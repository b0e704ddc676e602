"""Where a model that somebody hands in goes, and the stand-in of a city without a classifier."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Protocol

from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor


class ModelShelf(Protocol):
    """Takes a trained model in, if it is whole, ours, and no worse than the present one."""

    def take(self, path: Path, actor: Actor, *, now: datetime) -> str:
        """Check the packed model, compare it with the one in use, keep it; return its version.

        It is registered as a candidate, or as refused; a person puts it into use.

        Raises:
            HotlineError: the file is damaged, or not one of ours.
        """


class NoModelShelf:
    """Takes none."""

    def take(self, path: Path, actor: Actor, *, now: datetime) -> str:
        """Refuse."""
        raise InvalidInput("本系统没有配置分类模型，不能导入")
