"""What each route answers to each reader. Read it before you add to it.

Pages answer 303 (to the sign-in page) or 401 to somebody not signed in, 403 to the wrong role;
things that do not exist answer 404 and empty forms 422 to those who may ask.
"""

from __future__ import annotations

READERS = ("-", "wang", "li", "hui", "ban", "zhong", "chengguan", "zhang", "root")

_TABLE = """
GET  /                                             303 303 303 303 303 303 303 303 303
GET  /account                                      303 200 200 200 200 200 200 200 200
POST /account/password                             401 422 422 422 422 422 422 422 422
GET  /admin                                        303 403 403 403 403 403 403 403 200
POST /admin/staff                                  401 403 403 403 403 403 403 403 422
POST /admin/staff/{login}/close                    401 403 403 403 403 403 403 403 404
POST /admin/staff/{login}/open                     401 403 403 403 403 403 403 403 404
POST /admin/staff/{login}/password                 401 403 403 403 403 403 403 403 404
POST /admin/staff/{login}/tokens/revoke            401 403 403 403 403 403 403 403 303
GET  /agent                                        303 200 403 403 403 403 403 403 403
POST /agent/caller                                 401 200 403 403 403 403 403 403 403
GET  /agent/contact/{contact_id}                   303 404 403 403 403 403 403 403 403
GET  /agent/current                                303 200 403 403 403 403 403 403 403
POST /agent/draft                                  401 200 403 403 403 403 403 403 403
GET  /agent/new                                    303 200 403 403 403 403 403 403 403
GET  /agent/recent                                 303 200 403 403 403 403 403 403 403
POST /agent/save                                   401 422 403 403 403 403 403 403 403
GET  /agent/seat                                   303 200 403 403 403 403 403 403 403
POST /agent/seat                                   401 422 403 403 403 403 403 403 403
GET  /agent/softphone                              303 200 403 403 403 403 403 403 403
POST /agent/suggest                                401 200 403 403 403 403 403 403 403
GET  /api/v1/categories                            401 200 200 200 200 200 200 200 200
GET  /api/v1/contacts                              401 200 200 200 200 200 403 403 200
GET  /api/v1/contacts/{call_id}                    401 404 404 404 404 404 403 403 404
GET  /api/v1/departments                           401 200 200 200 200 200 200 200 200
GET  /api/v1/lines                                 401 200 200 200 200 200 200 200 200
GET  /api/v1/me                                    401 200 200 200 200 200 200 200 200
POST /api/v1/suggestions                           401 422 422 422 422 422 422 422 422
GET  /api/v1/tickets                               401 200 200 200 200 200 200 200 200
POST /api/v1/tickets                               401 422 422 403 403 422 403 403 403
GET  /api/v1/tickets/{number}                      401 404 404 404 404 404 404 404 404
POST /api/v1/tickets/{number}/acknowledge          401 403 403 403 403 403 422 403 403
POST /api/v1/tickets/{number}/complete             401 403 403 403 403 403 422 403 403
POST /api/v1/tickets/{number}/contact              401 403 403 403 403 403 422 403 403
POST /api/v1/tickets/{number}/dispatch             401 422 422 403 403 422 403 403 403
GET  /api/v1/tickets/{number}/events               401 404 404 404 404 404 404 404 404
POST /api/v1/tickets/{number}/follow-up            401 403 403 422 403 422 403 403 403
POST /api/v1/tickets/{number}/pass-audit           401 403 403 403 403 422 403 403 403
POST /api/v1/tickets/{number}/reassign             401 403 422 403 403 422 403 403 403
POST /api/v1/tickets/{number}/reopen               401 403 403 422 403 422 403 403 403
POST /api/v1/tickets/{number}/send-back            401 403 403 403 403 422 403 403 403
GET  /desk                                         303 403 200 200 200 200 200 403 403
GET  /healthz                                      200 200 200 200 200 200 200 200 200
GET  /live                                         303 200 200 200 200 200 200 200 200
GET  /metrics                                      403 403 403 403 403 403 403 403 200
GET  /readyz                                       200 200 200 200 200 200 200 200 200
GET  /recordings/{contact_id}                      303 404 404 404 404 404 403 403 403
GET  /resident                                     200 200 200 200 200 200 200 200 200
POST /resident                                     403 404 404 404 404 404 404 404 404
GET  /resident/new                                 200 200 200 200 200 200 200 200 200
POST /resident/new                                 403 422 422 422 422 422 422 422 422
GET  /search                                       303 200 200 200 200 200 200 200 403
GET  /sign-in                                      200 303 303 303 303 303 303 303 303
POST /sign-in                                      403 401 401 401 401 401 401 401 401
POST /sign-out                                     401 303 303 303 303 303 303 303 303
POST /theme                                        403 303 303 303 303 303 303 303 303
GET  /tickets/{number}                             303 404 404 404 404 404 404 404 403
POST /tickets/{number}/acknowledge                 401 403 403 403 403 403 404 403 403
POST /tickets/{number}/call-now                    401 403 403 404 403 404 403 403 403
POST /tickets/{number}/complete                    401 403 403 403 403 403 404 403 403
POST /tickets/{number}/contact                     401 403 403 403 403 403 404 403 403
POST /tickets/{number}/dispatch                    401 404 404 403 403 404 403 403 403
POST /tickets/{number}/draft                       401 404 404 404 403 404 404 403 403
POST /tickets/{number}/follow-up                   401 403 403 404 403 404 403 403 403
POST /tickets/{number}/pass-audit                  401 403 403 403 403 404 403 403 403
POST /tickets/{number}/reassign                    401 403 404 403 403 404 403 403 403
POST /tickets/{number}/reopen                      401 403 403 404 403 404 403 403 403
POST /tickets/{number}/send-back                   401 403 403 403 403 404 403 403 403
GET  /figures/{code}                               303 403 403 403 404 404 403 404 404
GET  /leader                                       303 403 403 403 200 200 403 200 200
GET  /reports/weekly                               303 403 403 403 200 200 403 200 200
"""

ROWS: dict[tuple[str, str], tuple[int, ...]] = {
    (method, path): tuple(int(answer) for answer in answers)
    for method, path, *answers in (line.split() for line in _TABLE.splitlines() if line.strip())
}
