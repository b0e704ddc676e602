"""Pages: the Jinja environment, its filters, and what every page knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from portal import wording
from portal.auth import ensure_form_token
from portal.deps import context_of, signed_in_or_none
from portal.navigation import places, search_place

HERE = Path(__file__).parent
DIST = HERE / "static" / "dist"
THEMES = ("light", "dark")


@cache
def environment_of_templates() -> Environment:
    """The one template environment; an unknown name in a template is an error, not a blank."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(wording.FILTERS)
    environment.globals.update(wording.GLOBALS)
    environment.globals["asset"] = Assets(DIST).link
    return environment


class Assets:
    """Names of built files with their version, so that browsers may keep them for good."""

    def __init__(self, folder: Path) -> None:
        manifest = folder / "manifest.json"
        entries = json.loads(manifest.read_text("utf-8")) if manifest.exists() else {}
        self._entries: Mapping[str, str] = entries

    def link(self, name: str) -> str:
        """The address of a built file."""
        return f"/static/dist/{self._entries.get(name, name)}"


def render(
    request: Request,
    template: str,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Render a template with what every page knows: who reads it, where one may go, now."""
    app = cast(FastAPI, request.app)
    ctx = context_of(request)
    me = signed_in_or_none(request)
    token, keep = ensure_form_token(request)
    theme = request.cookies.get("hotline_theme", "")
    page = app.state.templates.get_template(template).render(
        request=request,
        path=request.url.path,
        me=me,
        csrf=me.csrf if me else token,
        places=places(me.actor.role) if me else (),
        search_at=search_place(me.actor.role) if me else None,
        city=ctx.city_name,
        speech=ctx.speech,
        now=ctx.clock(),
        calendar=ctx.rules.calendar,
        in_force=ctx.rules.profile,
        theme=theme if theme in THEMES else "",
        **values,
    )
    response = HTMLResponse(page, status_code, headers=headers)
    if me is None and "csrf" in page:
        keep(response)
    return response
