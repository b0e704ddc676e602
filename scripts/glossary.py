"""Write the tables of docs/glossary.md anew from the code: `python -m scripts.glossary`.

Only the lists of words and of facts are made; the sentences around them are kept.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from dispatch.domain import (
    call_terms,
    judging_terms,
    knowledge_terms,
    learning_terms,
    reporting_terms,
    terms,
    vocabulary,
)
from dispatch.domain.events import FACTS
from dispatch.domain.ports import AgentState
from dispatch.domain.vocabulary import Labelled

PAGE = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"


def words() -> dict[str, type[Labelled]]:
    """Every list of words, in the order of its module."""
    found = {
        name: cls
        for module in (
            vocabulary,
            terms,
            call_terms,
            learning_terms,
            judging_terms,
            reporting_terms,
            knowledge_terms,
        )
        for name, cls in vars(module).items()
        if inspect.isclass(cls) and issubclass(cls, Labelled) and cls is not Labelled
    }
    return found | {"AgentState": AgentState}


def section(name: str, cls: type[Labelled]) -> str:
    """One list's section, with the meaning from its docstring."""
    meaning = (inspect.getdoc(cls) or "").splitlines()[0]
    rows = "".join(f"| {m.label} | `{name}.{m.name}` | `{m.value}` |\n" for m in cls)
    return f"### {name}\n\n{meaning}\n\n| 中文 | identifier | value |\n|---|---|---|\n{rows}\n"


def main() -> None:
    """Rewrite the page in place."""
    page = PAGE.read_text(encoding="utf-8")
    first = re.search(r"^### ", page, re.MULTILINE)
    assert first is not None
    after = page[page.index("\n## Facts") + 1 :]
    facts = "".join(f"| {fact.label} | `{name}` |\n" for name, fact in FACTS.items())
    after = re.sub(r"(\|---\|---\|\n)(\|.*\n)+", lambda m: m[1] + facts, after, count=1)
    made = "".join(section(name, cls) for name, cls in words().items())
    PAGE.write_text(page[: first.start()] + made + after, encoding="utf-8")


if __name__ == "__main__":
    main()
