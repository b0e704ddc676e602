"""Who may call which route: one table, denied unless listed."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from dispatch.domain.errors import ForgedRequest, RoleNotAllowed, SignInRequired
from dispatch.domain.vocabulary import Role
from dispatch.service import accounts, tokens
from dispatch.service.accounts import SignedIn
from portal.auth import form_token, session_token
from portal.deps import context_of

Audience = frozenset[Role | None]
"""Roles that may call a route; None stands for somebody not signed in."""

PUBLIC: Audience = frozenset({None, *Role})
STAFF: Audience = frozenset(set(Role) - {Role.SYSTEM})


def only(*roles: Role) -> Audience:
    """These roles and nobody else."""
    return frozenset(roles)


DISPATCHING: Audience = only(Role.AGENT, Role.DISPATCHER, Role.CENTER)
LINKERS: Audience = DISPATCHING | only(Role.FOLLOW_UP, Role.SUPERVISOR)
"""Who ties tickets together and urges: the centre's own people."""

FILERS: Audience = DISPATCHING | only(Role.DEPARTMENT, Role.FOLLOW_UP)
"""Who adds files to a ticket; what each may add is the service's to say."""

LISTENERS: Audience = only(
    Role.AGENT, Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER, Role.ADMIN
)
"""Who hears of single calls: not the departments, not the leaders."""

DESKS = only(Role.DEPARTMENT, Role.DISPATCHER, Role.CENTER, Role.FOLLOW_UP, Role.SUPERVISOR)
READERS = DESKS | only(Role.AGENT, Role.LEADER)
"""Who reads tickets; which ones is decided by every query."""

OVERSEERS = only(Role.LEADER, Role.CENTER, Role.SUPERVISOR, Role.ADMIN)
"""Who reads the figures of the whole city."""

SUPERVISING = only(Role.SUPERVISOR, Role.CENTER)
WATCHERS = only(Role.SUPERVISOR, Role.CENTER, Role.ADMIN)
"""Who sees all telephones at once."""

APPEAL_READERS = OVERSEERS | only(Role.DEPARTMENT)
"""Who reads appeals against figures; a unit only its own."""

IN_CHARGE = only(Role.DISPATCHER, Role.SUPERVISOR, Role.CENTER)
"""Who takes charge of a leader's instruction."""

BRIEF_READERS = IN_CHARGE | only(Role.LEADER, Role.DEPARTMENT)
"""Who reads briefs; a leader none that was not sent, a unit only those given to it."""

ORDER_READERS = DESKS | only(Role.LEADER)
"""Who reads supervision orders; a unit only its own."""

CALLING_BACK = only(Role.AGENT, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER)
"""Who rings citizens back."""

ASKING = only(Role.FOLLOW_UP, Role.CENTER)
FOLLOWING = ASKING | only(Role.SUPERVISOR)
"""Who sees the follow-up callers' desk; only those of ASKING ask."""

FLAGGING = only(Role.AGENT, Role.SUPERVISOR, Role.CENTER, Role.ADMIN)
DECIDING_FLAGS = only(Role.SUPERVISOR, Role.CENTER, Role.ADMIN)
"""Who sees all number flags; who of them may approve is the service's to say."""

MODEL_READERS = only(Role.DISPATCHER, Role.SUPERVISOR, Role.CENTER, Role.ADMIN)
MODEL_KEEPERS = only(Role.CENTER, Role.ADMIN)
"""Who trains the classifier, puts a model into use or goes back."""

TALK_READERS = only(Role.CENTER, Role.SUPERVISOR, Role.LEADER, Role.DEPARTMENT)
"""Who reads of units summoned to talk; a unit only of its own."""

WATCHING_HOT_SPOTS = only(Role.DISPATCHER, Role.SUPERVISOR, Role.CENTER, Role.LEADER)
"""Who sees what gathers over the whole city; who may rule it out is the service's to say."""

CHECKED = SUPERVISING | only(Role.AGENT)
"""Who reads one quality check: who scores, and an agent his own when it is done."""

JOINT_READERS = IN_CHARGE | only(Role.LEADER, Role.ADMIN, Role.DEPARTMENT)
"""Who reads of joint meetings; a unit only what it was told to do."""

KNOWLEDGE_READERS = DESKS | only(Role.AGENT)
"""Who reads knowledge entries; a unit only its own."""

KNOWLEDGE_WRITERS = only(Role.DEPARTMENT, Role.CENTER)
SEARCHING = KNOWLEDGE_READERS - only(Role.DEPARTMENT)
"""The centre's own people, who search, cite and report errors."""

ACCESS: dict[tuple[str, str], Audience] = {
    # --- account, health, live ---
    ("GET", "/"): STAFF,
    ("GET", "/sign-in"): PUBLIC,
    ("POST", "/sign-in"): PUBLIC,
    ("POST", "/sign-out"): STAFF,
    ("GET", "/account"): STAFF,
    ("POST", "/account/password"): STAFF,
    ("POST", "/theme"): PUBLIC,
    ("GET", "/live"): STAFF,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/metrics"): PUBLIC,
    # --- resident ---
    ("GET", "/resident"): PUBLIC,
    ("POST", "/resident"): PUBLIC,
    ("GET", "/resident/new"): PUBLIC,
    ("POST", "/resident/new"): PUBLIC,
    ("POST", "/resident/rate"): PUBLIC,
    ("GET", "/s/{token}"): PUBLIC,
    ("POST", "/s/{token}"): PUBLIC,
    # --- administration ---
    ("GET", "/admin"): only(Role.ADMIN),
    ("GET", "/admin/catalogue"): only(Role.ADMIN, Role.CENTER),
    ("GET", "/admin/catalogue/export.csv"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/catalogue/preview"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/catalogue/load"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/catalogue/{version_id}/withdraw"): only(Role.ADMIN, Role.CENTER),
    ("GET", "/admin/lines"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/lines"): only(Role.ADMIN, Role.CENTER),
    ("GET", "/admin/lines/export.csv"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/lines/import"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/lines/apply"): only(Role.ADMIN, Role.CENTER),
    ("GET", "/admin/lines/{number}"): only(Role.ADMIN, Role.CENTER),
    ("GET", "/admin/imports"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/imports"): only(Role.ADMIN, Role.CENTER),
    ("GET", "/admin/imports/files/{sha256}"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/imports/files/{sha256}"): only(Role.ADMIN, Role.CENTER),
    ("GET", "/admin/imports/{import_id}"): only(Role.ADMIN, Role.CENTER),
    ("GET", "/admin/imports/{import_id}/refused.csv"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/imports/{import_id}/stop"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/imports/{import_id}/undo"): only(Role.ADMIN, Role.CENTER),
    ("GET", "/admin/open-data"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/open-data"): only(Role.ADMIN, Role.CENTER),
    ("POST", "/admin/open-data/{release_id}/withdraw"): only(Role.ADMIN, Role.CENTER),
    ("GET", "/open-data"): PUBLIC,
    ("GET", "/open-data/{name}"): PUBLIC,
    ("GET", "/admin/trunks"): only(Role.ADMIN),
    ("POST", "/admin/trunks"): only(Role.ADMIN),
    ("POST", "/admin/trunks/{code}/active"): only(Role.ADMIN),
    ("POST", "/admin/trunks/{code}/try"): only(Role.ADMIN),
    ("GET", "/admin/messages"): only(Role.ADMIN),
    ("POST", "/admin/messages/{message_id}/retry"): only(Role.ADMIN),
    ("POST", "/admin/messages/{message_id}/withdraw"): only(Role.ADMIN),
    ("GET", "/admin/policy"): only(Role.ADMIN),
    ("GET", "/admin/policy/in-force/{slot}"): only(Role.ADMIN),
    ("POST", "/admin/policy/load"): only(Role.ADMIN),
    ("POST", "/admin/policy/preview"): only(Role.ADMIN),
    ("GET", "/admin/policy/{version_id}/document"): only(Role.ADMIN),
    ("POST", "/admin/policy/{version_id}/withdraw"): only(Role.ADMIN),
    ("GET", "/admin/agents"): only(Role.ADMIN, Role.SUPERVISOR),
    ("GET", "/admin/skills"): only(Role.ADMIN, Role.SUPERVISOR),
    ("POST", "/admin/skills/{staff_id}"): only(Role.ADMIN, Role.SUPERVISOR),
    ("POST", "/admin/staff"): only(Role.ADMIN),
    ("POST", "/admin/staff/{login}/approver"): only(Role.ADMIN),
    ("POST", "/admin/staff/{login}/close"): only(Role.ADMIN),
    ("POST", "/admin/staff/{login}/open"): only(Role.ADMIN),
    ("POST", "/admin/staff/{login}/password"): only(Role.ADMIN),
    ("POST", "/admin/staff/{login}/tokens/revoke"): only(Role.ADMIN),
    # --- business environment; a unit reads what it was told to do ---
    ("GET", "/business"): JOINT_READERS,
    ("GET", "/business/cases/new"): IN_CHARGE,
    ("POST", "/business/cases"): IN_CHARGE,
    ("POST", "/business/cases/{case_id}/withdraw"): IN_CHARGE,
    ("POST", "/business/cases/{case_id}/conclude"): SUPERVISING,
    ("POST", "/business/cases/{case_id}/done"): SUPERVISING | only(Role.DEPARTMENT),
    ("POST", "/business/meetings"): SUPERVISING,
    ("GET", "/business/meetings/{meeting_id}"): JOINT_READERS,
    ("POST", "/business/meetings/{meeting_id}/hold"): SUPERVISING,
    ("POST", "/business/meetings/{meeting_id}/cancel"): SUPERVISING,
    # --- staffing ---
    ("GET", "/staffing"): WATCHERS,
    ("GET", "/staffing/roster.csv"): WATCHERS,
    ("POST", "/staffing/shifts"): SUPERVISING,
    ("POST", "/staffing/shifts/{shift_id}/remove"): SUPERVISING,
    ("POST", "/staffing/import"): SUPERVISING,
    ("POST", "/staffing/copy-week"): SUPERVISING,
    ("POST", "/staffing/notes"): SUPERVISING,
    # --- REST; the services refuse what a role may not do to a ticket ---
    ("GET", "/api/v1/me"): STAFF,
    ("GET", "/api/v1/tickets"): STAFF,
    ("POST", "/api/v1/tickets"): DISPATCHING,
    ("GET", "/api/v1/tickets/{number}"): STAFF,
    ("GET", "/api/v1/tickets/{number}/events"): STAFF,
    ("POST", "/api/v1/tickets/{number}/dispatch"): DISPATCHING,
    ("POST", "/api/v1/tickets/{number}/reassign"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/category"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/take-back-category"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/acknowledge"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/contact"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/complete"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/pass-audit"): only(Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/send-back"): only(Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/follow-up"): only(Role.FOLLOW_UP, Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/reopen"): only(Role.FOLLOW_UP, Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/review"): only(Role.CENTER),
    ("GET", "/api/v1/tickets/{number}/ties"): STAFF,
    ("POST", "/api/v1/tickets/{number}/merge"): DISPATCHING,
    ("POST", "/api/v1/tickets/{number}/merge-in"): DISPATCHING,
    ("POST", "/api/v1/tickets/{number}/unmerge"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/split"): DISPATCHING,
    ("POST", "/api/v1/tickets/{number}/link"): LINKERS,
    ("POST", "/api/v1/tickets/{number}/unlink"): LINKERS,
    ("POST", "/api/v1/tickets/{number}/urge"): LINKERS,
    ("GET", "/api/v1/applications"): only(Role.DEPARTMENT, Role.DISPATCHER, Role.CENTER),
    ("GET", "/api/v1/tickets/{number}/applications"): STAFF,
    ("POST", "/api/v1/tickets/{number}/applications"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/applications/{application_id}/withdraw"): only(
        Role.DEPARTMENT
    ),
    ("POST", "/api/v1/tickets/{number}/applications/{application_id}/grant"): only(
        Role.DISPATCHER, Role.CENTER
    ),
    ("POST", "/api/v1/tickets/{number}/applications/{application_id}/deny"): only(
        Role.DISPATCHER, Role.CENTER
    ),
    ("POST", "/api/v1/tickets/{number}/resume"): only(
        Role.DEPARTMENT, Role.DISPATCHER, Role.CENTER
    ),
    ("GET", "/api/v1/supervision"): ORDER_READERS,
    ("GET", "/api/v1/supervision/{number}"): ORDER_READERS,
    ("POST", "/api/v1/supervision/{number}/answer"): only(
        Role.DEPARTMENT, Role.DISPATCHER, Role.CENTER
    ),
    ("POST", "/api/v1/supervision/{number}/accept"): SUPERVISING,
    ("POST", "/api/v1/supervision/{number}/send-back"): SUPERVISING,
    ("POST", "/api/v1/supervision/{number}/cancel"): SUPERVISING,
    ("GET", "/api/v1/tickets/{number}/supervision"): ORDER_READERS,
    ("GET", "/api/v1/tickets/{number}/instructions"): ORDER_READERS,
    ("POST", "/api/v1/tickets/{number}/supervise"): SUPERVISING,
    ("POST", "/api/v1/tickets/{number}/urge-unit"): SUPERVISING,
    ("POST", "/api/v1/tickets/{number}/instruct"): only(Role.LEADER),
    ("POST", "/api/v1/dispatches"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/supporting"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/sub-dispatch"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/sign-share"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/reply-share"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/submit-reply"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/approve-reply"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/report-progress"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/avoid"): DISPATCHING,
    ("GET", "/api/v1/contacts"): LISTENERS,
    ("GET", "/api/v1/contacts/{call_id}"): LISTENERS,
    ("POST", "/api/v1/suggestions"): STAFF,
    ("GET", "/api/v1/departments"): STAFF,
    ("GET", "/api/v1/categories"): STAFF,
    ("GET", "/api/v1/lines"): STAFF,
    # --- agent console (append your own block below) ---
    ("GET", "/agent"): only(Role.AGENT),
    ("GET", "/agent/messages"): only(Role.AGENT),
    ("POST", "/agent/messages/{message_id}/read"): only(Role.AGENT),
    ("GET", "/agent/colleagues"): only(Role.AGENT),
    ("GET", "/agent/contact/{contact_id}"): only(Role.AGENT),
    ("GET", "/agent/current"): only(Role.AGENT),
    ("GET", "/agent/new"): only(Role.AGENT),
    ("GET", "/agent/recent"): only(Role.AGENT),
    ("GET", "/agent/seat"): only(Role.AGENT),
    ("GET", "/agent/softphone"): only(Role.AGENT, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER),
    ("POST", "/agent/caller"): only(Role.AGENT),
    ("POST", "/agent/device"): only(Role.AGENT),
    ("POST", "/agent/dial"): only(Role.AGENT),
    ("POST", "/agent/draft"): only(Role.AGENT),
    ("POST", "/agent/emergency"): only(Role.AGENT),
    ("POST", "/agent/join"): only(Role.AGENT),
    ("POST", "/agent/leaving"): only(Role.AGENT),
    ("POST", "/agent/mask"): only(Role.AGENT),
    ("GET", "/agent/contact/{contact_id}/transcript"): only(Role.AGENT),
    ("POST", "/agent/resume"): only(Role.AGENT),
    ("POST", "/agent/save"): only(Role.AGENT),
    ("POST", "/agent/seat"): only(Role.AGENT),
    ("POST", "/agent/suggest"): only(Role.AGENT),
    # --- wallboard: an agent listens to nobody, nor do departments and leaders ---
    ("GET", "/wallboard"): WATCHERS,
    ("GET", "/wallboard/board"): WATCHERS,
    ("GET", "/wallboard/rows/{code}"): WATCHERS,
    ("GET", "/wallboard/corrections"): WATCHERS,
    ("GET", "/wallboard/ratings"): WATCHERS,
    ("GET", "/wallboard/log"): WATCHERS,
    ("GET", "/wallboard/log.csv"): WATCHERS,
    ("POST", "/wallboard/listen"): SUPERVISING,
    ("POST", "/wallboard/mode"): SUPERVISING,
    ("POST", "/wallboard/stop"): SUPERVISING,
    ("POST", "/wallboard/take-over"): SUPERVISING,
    ("POST", "/wallboard/release"): SUPERVISING,
    ("POST", "/wallboard/seat"): SUPERVISING,
    ("POST", "/wallboard/message"): SUPERVISING,
    ("GET", "/api/v1/wallboard"): WATCHERS,
    # --- desks and tickets ---
    ("GET", "/desk"): DESKS,
    ("POST", "/desk/dispatch"): only(Role.DISPATCHER, Role.CENTER),
    ("GET", "/search"): READERS,
    ("GET", "/tickets/{number}"): READERS,
    ("GET", "/recordings/{contact_id}"): READERS - {Role.DEPARTMENT, Role.LEADER},
    ("GET", "/recordings/{contact_id}/words"): READERS - {Role.DEPARTMENT, Role.LEADER},
    ("POST", "/recordings/{contact_id}/transcribe"): READERS - {Role.DEPARTMENT, Role.LEADER},
    ("GET", "/calls/{contact_id}"): READERS - {Role.DEPARTMENT, Role.LEADER},
    ("POST", "/tickets/{number}/draft"): READERS,
    ("POST", "/tickets/{number}/dispatch"): only(Role.AGENT, Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/reassign"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/correct-category"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/take-back-category"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/acknowledge"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/contact"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/complete"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/pass-audit"): only(Role.CENTER),
    ("POST", "/tickets/{number}/send-back"): only(Role.CENTER),
    ("GET", "/api/v1/tickets/{number}/particulars"): STAFF,
    ("POST", "/api/v1/tickets/{number}/amend"): DISPATCHING,
    ("GET", "/api/v1/tickets/{number}/attachments"): READERS,
    ("POST", "/api/v1/tickets/{number}/attachments"): FILERS,
    ("GET", "/api/v1/attachments/{attachment_id}"): READERS,
    ("POST", "/tickets/{number}/lint"): only(Role.DEPARTMENT, Role.CENTER),
    ("POST", "/tickets/{number}/attach"): FILERS,
    ("POST", "/tickets/{number}/detach"): DISPATCHING | only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/amend"): DISPATCHING,
    ("GET", "/attachments/{attachment_id}"): READERS,
    ("POST", "/tickets/{number}/follow-up"): only(Role.FOLLOW_UP, Role.CENTER),
    ("POST", "/tickets/{number}/call-now"): only(Role.FOLLOW_UP, Role.CENTER),
    ("POST", "/tickets/{number}/reopen"): only(Role.FOLLOW_UP, Role.CENTER),
    ("POST", "/tickets/{number}/review"): only(Role.CENTER),
    # --- ties ---
    ("POST", "/tickets/{number}/merge"): DISPATCHING,
    ("POST", "/tickets/{number}/merge-in"): DISPATCHING,
    ("POST", "/tickets/{number}/unmerge"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/split"): DISPATCHING,
    ("POST", "/tickets/{number}/link"): LINKERS,
    ("POST", "/tickets/{number}/unlink"): LINKERS,
    ("POST", "/tickets/{number}/urge"): LINKERS,
    # --- applications and rulings ---
    ("POST", "/tickets/{number}/apply-return"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/apply-extension"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/apply-hold"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/apply-commitment"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/apply-termination"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/withdraw-application"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/grant-return"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/grant-extension"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/grant-hold"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/grant-commitment"): only(Role.CENTER),
    ("POST", "/tickets/{number}/grant-termination"): only(Role.CENTER),
    ("POST", "/tickets/{number}/deny-application"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/resume"): only(Role.DEPARTMENT, Role.DISPATCHER, Role.CENTER),
    # --- several units, avoidance, the unit's own approval ---
    ("POST", "/tickets/{number}/add-supporting"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/sub-dispatch"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/sign-share"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/reply-share"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/reject-share"): only(Role.DEPARTMENT, Role.CENTER),
    ("POST", "/tickets/{number}/withdraw-share"): only(
        Role.DEPARTMENT, Role.DISPATCHER, Role.CENTER
    ),
    ("POST", "/tickets/{number}/score-share"): only(Role.CENTER),
    ("POST", "/tickets/{number}/submit-reply"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/approve-reply"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/reject-reply"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/report-progress"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/avoid"): DISPATCHING,
    ("POST", "/tickets/{number}/lift-avoidance"): only(Role.CENTER),
    # --- supervision, instructions, notices ---
    ("POST", "/tickets/{number}/supervise"): SUPERVISING,
    ("POST", "/tickets/{number}/answer-supervision"): only(
        Role.DEPARTMENT, Role.DISPATCHER, Role.CENTER
    ),
    ("POST", "/tickets/{number}/accept-supervision"): SUPERVISING,
    ("POST", "/tickets/{number}/send-back-supervision"): SUPERVISING,
    ("POST", "/tickets/{number}/cancel-supervision"): SUPERVISING,
    ("POST", "/tickets/{number}/urge-unit"): SUPERVISING,
    ("POST", "/tickets/{number}/instruct"): only(Role.LEADER),
    ("POST", "/tickets/{number}/receive-instruction"): IN_CHARGE,
    ("POST", "/tickets/{number}/report-instruction"): IN_CHARGE,
    ("POST", "/tickets/{number}/give-back-instruction"): only(Role.LEADER),
    ("POST", "/tickets/{number}/close-instruction"): only(Role.LEADER),
    ("GET", "/tickets/{number}/print.pdf"): READERS,
    ("GET", "/supervision"): ORDER_READERS,
    ("GET", "/supervision/cards"): OVERSEERS,
    ("GET", "/supervision/{number}"): ORDER_READERS,
    ("GET", "/supervision/{number}/print.pdf"): ORDER_READERS,
    ("GET", "/notices"): STAFF,
    ("GET", "/notices/bell"): STAFF,
    ("POST", "/notices/read"): STAFF,
    ("POST", "/notices/{notice_id}/read"): STAFF,
    # --- call-backs and number flags ---
    ("GET", "/call-backs"): CALLING_BACK,
    ("GET", "/call-backs/count"): CALLING_BACK,
    ("POST", "/call-backs/{call_back_id}/take"): CALLING_BACK,
    ("POST", "/call-backs/{call_back_id}/leave"): CALLING_BACK,
    ("POST", "/call-backs/{call_back_id}/ring"): CALLING_BACK,
    ("POST", "/call-backs/{call_back_id}/cancel"): CALLING_BACK,
    ("POST", "/call-backs/{call_back_id}/restore"): CALLING_BACK,
    ("POST", "/voicemails/{contact_id}/take"): only(Role.AGENT),
    ("GET", "/api/v1/call-backs"): CALLING_BACK,
    # --- follow-up by people, visits, outside surveys ---
    ("GET", "/follow-up"): FOLLOWING,
    ("POST", "/follow-up/next"): ASKING,
    ("GET", "/follow-up/{follow_up_id}"): FOLLOWING,
    ("POST", "/follow-up/{follow_up_id}/take"): ASKING,
    ("POST", "/follow-up/{follow_up_id}/release"): ASKING,
    ("POST", "/follow-up/{follow_up_id}/dial"): ASKING,
    ("POST", "/follow-up/{follow_up_id}/record"): ASKING,
    ("POST", "/follow-up/{follow_up_id}/undo"): ASKING,
    ("GET", "/visits"): FOLLOWING,
    ("POST", "/visits"): ASKING,
    ("POST", "/visits/imports"): ASKING,
    ("GET", "/visits/template.csv"): FOLLOWING,
    ("GET", "/visits/imports/{import_id}/refused.csv"): FOLLOWING,
    ("GET", "/number-flags"): DECIDING_FLAGS,
    ("GET", "/number-flags/new"): FLAGGING,
    ("POST", "/number-flags"): FLAGGING,
    ("GET", "/number-flags/{flag_id}"): FLAGGING,
    ("GET", "/number-flags/{flag_id}/print.pdf"): FLAGGING,
    ("POST", "/number-flags/{flag_id}/decide"): DECIDING_FLAGS,
    ("POST", "/number-flags/{flag_id}/withdraw"): FLAGGING,
    ("POST", "/number-flags/{flag_id}/lift"): DECIDING_FLAGS,
    ("POST", "/number-flags/{flag_id}/appeal"): FLAGGING,
    ("POST", "/number-flags/{flag_id}/rule"): DECIDING_FLAGS,
    # --- hot spots ---
    ("GET", "/hot-spots"): WATCHING_HOT_SPOTS,
    ("GET", "/hot-spots/card"): WATCHING_HOT_SPOTS,
    ("GET", "/hot-spots/{spot_id}"): WATCHING_HOT_SPOTS,
    ("POST", "/hot-spots/{spot_id}/dismiss"): SUPERVISING,
    ("POST", "/hot-spots/{spot_id}/restore"): SUPERVISING,
    ("GET", "/api/v1/hot-spots"): WATCHING_HOT_SPOTS,
    # --- leader and reports ---
    ("GET", "/leader"): OVERSEERS,
    ("POST", "/leader/instruct"): only(Role.LEADER),
    # --- knowledge base ---
    ("GET", "/resident/knowledge"): PUBLIC,
    ("GET", "/resident/knowledge/{entry_id}"): PUBLIC,
    ("GET", "/agent/knowledge"): only(Role.AGENT),
    ("POST", "/agent/knowledge"): only(Role.AGENT),
    ("POST", "/agent/knowledge/cite"): only(Role.AGENT),
    ("POST", "/agent/knowledge/miss"): only(Role.AGENT),
    ("GET", "/knowledge"): KNOWLEDGE_READERS,
    ("POST", "/knowledge"): KNOWLEDGE_WRITERS,
    ("GET", "/knowledge/new"): KNOWLEDGE_WRITERS,
    ("GET", "/knowledge/errors"): KNOWLEDGE_READERS,
    ("POST", "/knowledge/errors/{error_id}/explain"): KNOWLEDGE_WRITERS,
    ("GET", "/knowledge/gaps"): WATCHING_HOT_SPOTS,
    ("GET", "/knowledge/gaps/{gap_id}"): WATCHING_HOT_SPOTS,
    ("POST", "/knowledge/gaps/{gap_id}/assign"): only(Role.CENTER),
    ("POST", "/knowledge/gaps/{gap_id}/dismiss"): only(Role.CENTER),
    ("GET", "/knowledge/{entry_id}"): KNOWLEDGE_READERS,
    ("GET", "/knowledge/{entry_id}/edit"): KNOWLEDGE_WRITERS,
    ("POST", "/knowledge/{entry_id}/edit"): KNOWLEDGE_WRITERS,
    ("POST", "/knowledge/{entry_id}/errors"): SEARCHING,
    ("POST", "/knowledge/{entry_id}/{act}"): KNOWLEDGE_WRITERS,
    # --- briefs, early warnings ---
    ("GET", "/briefs"): BRIEF_READERS,
    ("POST", "/briefs"): IN_CHARGE,
    ("GET", "/briefs/new"): IN_CHARGE,
    ("GET", "/briefs/{number}"): BRIEF_READERS,
    ("GET", "/briefs/{number}/edit"): IN_CHARGE,
    ("POST", "/briefs/{number}/edit"): IN_CHARGE,
    ("GET", "/briefs/{number}/print.pdf"): BRIEF_READERS,
    ("POST", "/briefs/{number}/{act}"): BRIEF_READERS,
    ("GET", "/warnings"): WATCHING_HOT_SPOTS,
    ("GET", "/warnings/{warning_id}"): WATCHING_HOT_SPOTS,
    ("POST", "/warnings/{warning_id}/{verdict}"): IN_CHARGE,
    ("GET", "/reports"): OVERSEERS,
    ("GET", "/reports/{kind}"): OVERSEERS,
    ("GET", "/reports/{kind}/file"): OVERSEERS,
    ("POST", "/reports/{kind}/issue"): only(Role.CENTER),
    ("GET", "/reports/issues/{report_id}"): OVERSEERS,
    ("GET", "/reports/issues/{report_id}/file"): OVERSEERS,
    ("GET", "/figures"): OVERSEERS,
    ("GET", "/figures/{code}"): OVERSEERS,
    ("GET", "/figures/{code}/rows.{form}"): OVERSEERS,
    ("GET", "/api/v1/figures"): OVERSEERS,
    ("GET", "/api/v1/figures/{code}"): OVERSEERS,
    ("GET", "/api/v1/figures/{code}/rows"): OVERSEERS,
    # --- appeals: a unit asks, two people of the centre decide ---
    ("GET", "/appeals"): APPEAL_READERS,
    ("POST", "/appeals"): only(Role.DEPARTMENT),
    ("GET", "/appeals/new"): only(Role.DEPARTMENT),
    ("GET", "/appeals/{appeal_id}"): APPEAL_READERS,
    ("POST", "/appeals/{appeal_id}/decide"): only(Role.CENTER),
    ("POST", "/appeals/{appeal_id}/withdraw"): only(Role.DEPARTMENT),
    ("POST", "/appeals/{appeal_id}/lift"): only(Role.CENTER),
    # --- the model ---
    ("GET", "/model"): MODEL_READERS,
    ("GET", "/model/categories/{code}"): MODEL_READERS,
    ("GET", "/model/tickets"): MODEL_READERS,
    ("GET", "/model/versions"): MODEL_READERS,
    ("GET", "/model/drift"): MODEL_READERS,
    ("GET", "/model/drift/tickets"): MODEL_READERS,
    ("GET", "/model/training"): MODEL_READERS,
    ("POST", "/model/import"): MODEL_KEEPERS,
    ("POST", "/model/retrain"): MODEL_KEEPERS,
    ("POST", "/model/roll-back"): MODEL_KEEPERS,
    ("POST", "/model/versions/{version}/activate"): MODEL_KEEPERS,
    # --- the three views of evaluation ---
    ("GET", "/evaluation"): OVERSEERS,
    ("GET", "/evaluation/rows"): SUPERVISING,
    ("GET", "/evaluation/media"): SUPERVISING,
    ("POST", "/evaluation/media"): SUPERVISING,
    ("GET", "/evaluation/media/new"): SUPERVISING,
    ("GET", "/evaluation/media/{item_id}"): SUPERVISING,
    ("POST", "/evaluation/media/{item_id}/match"): SUPERVISING,
    ("POST", "/evaluation/media/{item_id}/open-ticket"): only(Role.CENTER),
    ("POST", "/evaluation/media/{item_id}/supervise"): SUPERVISING,
    ("POST", "/evaluation/media/{item_id}/close"): SUPERVISING,
    ("GET", "/evaluation/quality"): SUPERVISING,
    ("GET", "/evaluation/quality/mine"): only(Role.AGENT),
    ("GET", "/evaluation/quality/{check_id}"): CHECKED,
    ("POST", "/evaluation/quality/{check_id}/score"): SUPERVISING,
    ("POST", "/evaluation/quality/{check_id}/rule"): SUPERVISING,
    ("GET", "/evaluation/gaming"): SUPERVISING,
    ("GET", "/evaluation/gaming/{finding_id}"): SUPERVISING,
    ("POST", "/evaluation/gaming/{finding_id}/settle"): SUPERVISING,
    # --- scoring, talks, leads ---
    ("GET", "/scoring"): OVERSEERS | only(Role.DEPARTMENT),
    ("GET", "/scoring/units/{code}"): OVERSEERS | only(Role.DEPARTMENT),
    ("GET", "/scoring/what-if"): OVERSEERS,
    ("GET", "/scoring/rules"): OVERSEERS | only(Role.DEPARTMENT),
    ("GET", "/scoring/rules/{key}/document"): OVERSEERS | only(Role.DEPARTMENT),
    ("POST", "/scoring/rules/preview"): only(Role.CENTER, Role.ADMIN),
    ("POST", "/scoring/rules/load"): only(Role.CENTER, Role.ADMIN),
    ("POST", "/scoring/rules/{version_id}/withdraw"): only(Role.CENTER, Role.ADMIN),
    ("GET", "/accountability"): TALK_READERS,
    ("GET", "/accountability/new"): only(Role.CENTER),
    ("POST", "/accountability"): only(Role.CENTER),
    ("GET", "/accountability/{talk_id}"): TALK_READERS,
    ("POST", "/accountability/{talk_id}/{act}"): only(Role.CENTER, Role.DEPARTMENT),
    ("GET", "/leads"): only(Role.DISCIPLINE),
    ("GET", "/leads/new"): only(Role.CENTER, Role.SUPERVISOR),
    ("POST", "/leads"): only(Role.CENTER, Role.SUPERVISOR),
    ("GET", "/leads/{lead_id}"): only(Role.DISCIPLINE),
    ("POST", "/leads/{lead_id}/conclude"): only(Role.DISCIPLINE),
}

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def guard(request: Request) -> None:
    """Find out who asks, and refuse what the table does not allow; runs before every endpoint.

    Raises:
        SignInRequired: the route is not public and nobody is signed in.
        RoleNotAllowed: the role is not in the route's row, or the route has no row.
        ForgedRequest: a changing request without the token of our own page.
    """
    template = getattr(request.scope.get("route"), "path_format", None)
    audience = ACCESS.get((request.method, template or ""), frozenset())
    is_api = request.url.path.startswith("/api/")
    me = await who_asks(request)
    request.state.me = me
    if (me.actor.role if me else None) not in audience:
        raise SignInRequired if me is None and audience else RoleNotAllowed
    if request.method in UNSAFE and not is_api:
        await _check_origin(request, me)


async def who_asks(request: Request) -> SignedIn | None:
    """The person behind the request: by token under /api/, by cookie everywhere else."""
    is_api = request.url.path.startswith("/api/")
    return await (_bearer(request) if is_api else _session(request))


async def _session(request: Request) -> SignedIn | None:
    token = session_token(request)
    if token is None:
        return None
    return await run_in_threadpool(_load_session, request, token)


def _load_session(request: Request, token: str) -> SignedIn | None:
    ctx = context_of(request)
    now = ctx.clock()
    with ctx.db.read() as session:
        me = accounts.session_for(session, token, now=now)
    if me is not None and me.stale and me.sign_in_id is not None:
        with ctx.db.work() as session:
            accounts.touch_session(session, me.sign_in_id, now=now)
    return me


async def _bearer(request: Request) -> SignedIn | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    return await run_in_threadpool(_load_token, request, token.strip())


def _load_token(request: Request, token: str) -> SignedIn | None:
    with context_of(request).db.read() as session:
        return tokens.token_owner(session, token)


async def _check_origin(request: Request, me: SignedIn | None) -> None:
    """A form must come from our own page: its token proves it, and Origin must not deny it."""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.url.netloc:
        raise ForgedRequest
    expected = me.csrf if me else form_token(request)
    sent = request.headers.get("x-csrf-token")
    if sent is None and request.headers.get("content-type", "").startswith(FORMS):
        value = (await request.form()).get("csrf")
        sent = value if isinstance(value, str) else None
    if not expected or not sent or not hmac.compare_digest(expected.encode(), sent.encode()):
        # Nobody after this one would close the files that came with the form.
        await request.close()
        raise ForgedRequest
