"""中继: the ways out to carriers and to the emergency services, with what the nodes see of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from dispatch.domain.call_ports import TrunkTrial
from dispatch.domain.call_terms import TrunkKind, TrunkSecurity, TrunkState
from dispatch.domain.errors import HotlineError, InvalidInput, NotFound, TelephonyUnavailable
from dispatch.domain.vocabulary import Labelled
from dispatch.service import trunks
from dispatch.service.trunk_forms import TrunkForm, trial_number
from dispatch.service.trunks import TrunkView
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render

router = APIRouter(include_in_schema=False)

Typed = Annotated[str, Form(max_length=400)]
SAID = {
    "saved": "已保存，几秒后在电话系统生效",
    "on": "已启用，几秒后在电话系统生效",
    "off": "已停用，几秒后从电话系统撤下",
    "reached": "试拨成功：对方已接听",
}


@router.get("/admin/trunks")
def trunks_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    edit: Annotated[str, Query(max_length=20)] = "",
    done: str = "",
) -> Response:
    """Every trunk with its state, and the form for a new one or for the one to change."""
    typed: dict[str, str] = {}
    if edit:
        with ctx.db.read() as session:
            typed = _typed(trunks.one(session, me.actor, edit))
    return _page(request, ctx, me, typed=typed, edit=edit, said=SAID.get(done, ""))


@router.post("/admin/trunks")
def save(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    code: Typed = "",
    label: Typed = "",
    kind: Typed = "",
    host: Typed = "",
    port: Typed = "5060",
    security: Typed = "",
    peers: Typed = "",
    signs_in: Typed = "",
    username: Typed = "",
    password: Typed = "",
    caller_id: Typed = "12345",
    node: Typed = "",
    confirmed: Typed = "",
    edit: Typed = "",
) -> Response:
    """Set a trunk; the password goes in and never comes out again."""
    typed = {
        "code": code.strip(),
        "label": label,
        "kind": kind,
        "host": host,
        "security": security,
        "peers": peers,
        "username": username,
        "caller_id": caller_id,
        "node": node,
    }
    try:
        form = TrunkForm(
            **typed,
            port=_port(port),
            register=signs_in == "1",
            password=password,
            confirmed=confirmed == "1",
        )
        with ctx.db.work() as session:
            nodes = ctx.telephones.switch.nodes
            trunks.save(session, me.actor, form, ctx.seal, nodes=nodes, now=now)
    except HotlineError as problem:
        shown = typed | {"port": port, "signs_in": signs_in}
        return _page(request, ctx, me, typed=shown, edit=edit, problem=problem)
    return RedirectResponse("/admin/trunks?done=saved", 303)


@router.post("/admin/trunks/{code}/active")
def active(ctx: Ctx, me: Me, now: Now, code: str, on: Typed = "") -> Response:
    """Take a trunk out of use, or back."""
    with ctx.db.work() as session:
        trunks.set_active(session, me.actor, code, on == "1", now=now)
    return RedirectResponse(f"/admin/trunks?done={'on' if on == '1' else 'off'}", 303)


@router.post("/admin/trunks/{code}/try")
def try_out(
    request: Request, ctx: Ctx, me: Me, code: str, number: Typed = "", node: Typed = ""
) -> Response:
    """Ring a number through the trunk and play a sentence to whoever answers."""
    with ctx.db.read() as session:
        view = trunks.one(session, me.actor, code)
    try:
        if not view.active:
            raise InvalidInput("这条中继已停用，请先启用再试拨", field="number")
        order = TrunkTrial(
            trunk=code,
            number=trial_number(ctx.rules, number),
            caller_id=view.caller_id,
            channel_id=f"trial-{uuid.uuid4()}",
        )
        ctx.telephones.switch.try_trunk(_node(ctx, view, node), order)
    except NotFound:
        raise
    except HotlineError as problem:
        return _page(request, ctx, me, trial=code, problem=problem)
    return RedirectResponse("/admin/trunks?done=reached", 303)


def _page(
    request: Request,
    ctx: PortalContext,
    me: Me,
    *,
    typed: dict[str, str] | None = None,
    edit: str = "",
    trial: str = "",
    said: str = "",
    problem: HotlineError | None = None,
) -> Response:
    with ctx.db.read() as session:
        listed = trunks.listed(session, me.actor)
    nodes = ctx.telephones.switch.nodes
    return render(
        request,
        "admin/trunks.html",
        status_code=status_of(problem) if problem else 200,
        trunks=listed,
        seen={node: _seen(ctx, node) for node in nodes},
        nodes=nodes,
        typed=typed or {},
        edit=edit,
        trial=trial,
        said=said,
        problem=problem,
        unsafe=not any(one.kind is TrunkKind.EMERGENCY and one.active for one in listed),
        kind_options=_words(TrunkKind),
        security_options=_words(TrunkSecurity),
        node_options=[("", "全部电话系统"), *((node, node) for node in nodes)],
    )


def _seen(ctx: PortalContext, node: str) -> Mapping[str, TrunkState] | None:
    """What the node says of its trunks; None when it is away."""
    try:
        return ctx.telephones.switch.trunk_states(node)
    except TelephonyUnavailable:
        return None


def _node(ctx: PortalContext, view: TrunkView, typed: str) -> str:
    """Which node rings: the trunk's own, the one that was chosen, or the first."""
    nodes = ctx.telephones.switch.nodes
    wished = view.node or typed or nodes[0]
    if wished not in nodes:
        raise InvalidInput(f"没有名为 {wished} 的电话系统", field="number")
    return wished


def _words(words: type[Labelled]) -> list[tuple[str, str]]:
    return [("", "请选择"), *((one.value, one.label) for one in words)]


def _typed(view: TrunkView) -> dict[str, str]:
    return {
        "code": view.code,
        "label": view.label,
        "kind": view.kind.value,
        "host": view.host,
        "port": str(view.port),
        "security": view.security.value,
        "peers": view.peers,
        "signs_in": "1" if view.register else "",
        "username": view.username,
        "caller_id": view.caller_id,
        "node": view.node,
    }


def _port(typed: str) -> int:
    if not typed.strip().isdecimal():
        raise InvalidInput("端口应是数字，例如 5060", field="port")
    return int(typed)
