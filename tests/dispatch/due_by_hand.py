"""Due dates counted by hand on the State Council's notices of 2025 and 2026.

2025: 01-28…02-04 off, worked 01-26 (Sunday) and 02-08 (Saturday);
      10-01…10-08 off, worked 09-28 (Sunday) and 10-11 (Saturday).
2026: 02-15…02-23 off, worked 02-14 and 02-28 (Saturdays);
      09-25…09-27 and 10-01…10-07 off, worked 09-20 (Sunday) and 10-10 (Saturday).
"""

from __future__ import annotations

from dispatch.domain.vocabulary import RequestKind

INQUIRY, ASSISTANCE, COMPLAINT, REPORT, SUGGESTION, PRAISE = RequestKind

# Dispatch at 10:00 of this day → the date of the n-th working day after it.
BY_HAND = {
    # before the Spring Festival, on its make-up days, within it
    "2025-01-24": {1: "01-26", 3: "02-05", 5: "02-07", 7: "02-10", 15: "02-20"},
    "2025-01-26": {1: "01-27", 3: "02-06", 5: "02-08", 7: "02-11", 15: "02-21"},
    "2025-02-01": {1: "02-05", 3: "02-07", 5: "02-10", 7: "02-12", 15: "02-24"},
    "2025-02-08": {1: "02-10", 3: "02-12", 5: "02-14", 7: "02-18", 15: "02-28"},
    "2026-02-12": {1: "02-13", 3: "02-24", 5: "02-26", 7: "02-28", 15: "03-11"},
    "2026-02-14": {1: "02-24", 3: "02-26", 5: "02-28", 7: "03-03", 15: "03-13"},
    "2026-02-18": {1: "02-24", 3: "02-26", 5: "02-28", 7: "03-03", 15: "03-13"},
    "2026-02-28": {1: "03-02", 3: "03-04", 5: "03-06", 7: "03-10", 15: "03-20"},
    # before the October holiday, on its make-up days, within it
    "2025-09-26": {1: "09-28", 3: "09-30", 5: "10-10", 7: "10-13", 15: "10-23"},
    "2025-09-28": {1: "09-29", 3: "10-09", 5: "10-11", 7: "10-14", 15: "10-24"},
    "2025-10-04": {1: "10-09", 3: "10-11", 5: "10-14", 7: "10-16", 15: "10-28"},
    "2025-10-11": {1: "10-13", 3: "10-15", 5: "10-17", 7: "10-21", 15: "10-31"},
    "2026-09-20": {1: "09-21", 3: "09-23", 5: "09-28", 7: "09-30", 15: "10-16"},
    "2026-09-24": {1: "09-28", 3: "09-30", 5: "10-09", 7: "10-12", 15: "10-22"},
    "2026-10-04": {1: "10-08", 3: "10-10", 5: "10-13", 7: "10-15", 15: "10-27"},
    "2026-10-10": {1: "10-12", 3: "10-14", 5: "10-16", 7: "10-20", 15: "10-30"},
}
FIVE = dict.fromkeys(RequestKind, 5)
# Working days each profile gives a routine ticket of each kind.
WORKING_DAYS = {
    "default": FIVE,
    "jinan_2018": FIVE,
    "weifang_2021": FIVE,
    "shandong_prov_2020": FIVE,
    "shandong_prov_complaint_2017": dict.fromkeys(RequestKind, 15),
    "sichuan_2025": {
        INQUIRY: 3,
        ASSISTANCE: 7,
        SUGGESTION: 7,
        COMPLAINT: 15,
        REPORT: 15,
        PRAISE: 5,
    },
    "shanghai_jingan_street_2019": FIVE | {INQUIRY: 1, SUGGESTION: 1},
    "anhui_2025": FIVE,
    "beijing_2021": FIVE,
}
# 郑州 2017 counts the response (contact, or on site) in natural hours on any day.
HOURS = {"zhengzhou_fast_2017": 2}
