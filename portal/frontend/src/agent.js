// The agent's console: telephone dock, screen pop, drafts that survive anything, keys.
import { Drafts } from "./_drafts.js";
import { Dock } from "./_dock.js";
import { Emergency } from "./_emergency.js";
import { Transfer } from "./_transfer.js";
import { Softphone } from "./softphone.js";

const LEAVING_MS = [600, 1500, 3000, 6000];
const root = document.getElementById("agent");
const csrf = root.dataset.csrf;

/** POST a form; the answer's JSON, or an error whose message people can read. */
async function post(path, form) {
  const body = new URLSearchParams(form);
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      body,
      headers: { "X-CSRF-Token": csrf, Accept: "application/json" },
    });
  } catch {
    throw new Error("网络中断，操作没有送达；恢复后请再试一次");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail || `操作没有成功（${response.status}）`);
  return answer;
}

const phone = new Softphone(async () => {
  const response = await fetch("/agent/softphone", { headers: { Accept: "application/json" } });
  if (response.status === 401) throw new Error("signed out");
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
});
const dock = new Dock(document.getElementById("dock"), phone, post);
const drafts = new Drafts(root.dataset.staff, post);

const panel = () => document.getElementById("agent-panel");
const form = () => document.getElementById("request-form");
const field = (name) => form()?.elements.namedItem(name);
const contact = () => panel().dataset.contact;

dock.contact = contact;
dock.transfer = new Transfer(phone, dock, post, contact);
const emergency = new Emergency(dock, post, { contact, joined });

/** Show another panel; what was typed in this one is kept first. */
async function show(path) {
  drafts.flush();
  await window.htmx.ajax("GET", path, {
    source: "#agent-panel", // which asks to replace, not to queue behind, an older request
    target: "#agent-panel",
    swap: "outerHTML",
  });
}

// Two answers for the panel may cross: only the one asked for last is shown, whichever comes first.
let lastAsked = null;
let askedAt = 0; // the page itself was asked for before anything here
const asksForPanel = ({ request, target }) =>
  request.method === "GET" && target?.id === "agent-panel";

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!asksForPanel(ctx)) return;
  lastAsked = ctx;
  askedAt = performance.now();
});
document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (asksForPanel(ctx) && ctx !== lastAsked) event.preventDefault();
});
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (ctx === lastAsked) lastAsked = null;
});

// --- screen pop ---------------------------------------------------------------------------

async function popContact(id) {
  if (panel().dataset.contact === String(id) && panel().dataset.subject === `contact-${id}`) return;
  await show(`/agent/contact/${id}`);
}

document.addEventListener("hotline:call_ringing", ({ detail }) => {
  if (detail.extension === dock.extension) popContact(detail.contact_id);
});

// A call placed from here is a contact once the citizen has answered.
document.addEventListener("hotline:call_answered", ({ detail }) => {
  const placed = detail.extension === dock.extension && phone.call?.auto === "dial" && phone.talking;
  if (placed && !form()) popContact(detail.contact_id);
});

// A telephone on the desk tells this page nothing: its calls are followed by the events.
const STAGES = ["ring", "live", "over"];
let lastTold = null;

for (const [name, words, state] of [["call_answered", "通话中", "live"], ["call_ended", "通话已结束", "over"]]) {
  document.addEventListener(`hotline:${name}`, ({ detail }) => {
    lastTold = { contact: String(detail.contact_id), words, state };
    markTold();
  });
}

/** Mark what was last told: it may have come while the panel, read before it, was on its way. */
function markTold() {
  if (phone.state !== "idle" || lastTold?.contact !== contact()) return;
  const shown = document.getElementById("call-mark");
  const stage = STAGES.findIndex((name) => shown?.classList.contains(`call-mark-${name}`));
  if (stage < 0 || stage >= STAGES.indexOf(lastTold.state)) return;
  dock.mark(panel().dataset.callUuid, lastTold.words, lastTold.state);
  dock.draw();
}

// The SIP header is a second witness: should the event be late or lost, ask for the call ourselves.
phone.addEventListener("incoming", ({ detail }) => {
  if (detail.auto === "dial") return; // the citizen is only being rung
  setTimeout(async () => {
    if (phone.state === "idle" || panel().dataset.callUuid === detail.uuid) return;
    await show("/agent/current");
    if (phone.state === "idle" || panel().dataset.contact || form()) return;
    await show(`/agent/new?phone=${encodeURIComponent(detail.caller)}`);
  }, 1500);
});

phone.addEventListener("answered", ({ detail }) => {
  if (!detail.test) focusContent();
});

phone.addEventListener("ended", ({ detail }) => {
  if (detail.test) return;
  // Whoever it rings at next: its event may come late, so look again until the call has left.
  if (!detail.answered) for (const wait of LEAVING_MS) setTimeout(() => leave(detail.uuid), wait);
});

/** A colleague asks about a caller: should he hand him over, the call belongs on this screen. */
phone.addEventListener("answered", ({ detail }) => {
  if (!detail.consult) return;
  const looking = setInterval(async () => {
    if (phone.call !== detail || !phone.talking || contact()) clearInterval(looking);
    else if (!form() && !lastAsked) await show("/agent/current");
  }, 2000);
});

// The page was loaded anew in mid-call: what its forerunner lost waits in the telephone system.
phone.addEventListener("registered", () => {
  post("/agent/resume", {}).catch(() => {});
});

/** A citizen was brought to an emergency line, which the server has written down. */
async function joined(id) {
  if (String(id) !== contact() || panel().dataset.subject !== `contact-${id}`) return;
  const words = field("content")?.value;
  await drafts.settled();
  await show(words ? `/agent/new?again=${id}` : `/agent/contact/${id}`);
  if (words && field("content") && !field("content").value) {
    field("content").value = words;
    field("content").dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** Click to call: the telephone rings here first and answers by itself. */
async function dial(number) {
  if (phone.state !== "idle") {
    dock.tell("dial", "正在通话，结束后再拨；要三方通话请按 Alt+G。", 8000);
    return;
  }
  dock.tell("dial", `正在呼叫 ${number}…`, 8000);
  try {
    await post("/agent/dial", { number, contact_id: contact() });
  } catch (error) {
    dock.tell("dial", error.message, 15000);
  }
}

function leave(uuid) {
  if (phone.state === "idle" && panel().dataset.callUuid === uuid) show("/agent/current");
}

function focusContent() {
  const content = field("content");
  if (!content || document.activeElement === content) return;
  content.focus({ preventScroll: false });
  content.setSelectionRange(content.value.length, content.value.length);
}

// --- the form -----------------------------------------------------------------------------

function settle() {
  const current = form();
  drafts.watch(current, panel().dataset.subject, askedAt);
  // A repeated matter asks for a choice before anything else is written.
  const wrong = current?.querySelector(".is-invalid") ?? current?.querySelector("#repeat button");
  if (wrong) wrong.focus();
  else if (document.getElementById("saved")) document.getElementById("saved").focus();
  else if (phone.state !== "ringing" && current) focusContent();
}

document.addEventListener("htmx:after:swap", ({ detail }) => {
  if (detail.ctx?.target?.id === "agent-past") {
    const urge = form()?.querySelector("button[value=urge]");
    if (urge) urge.disabled = !document.querySelector("input[name=urged_number][data-open]");
    return;
  }
  if (detail.ctx?.target?.id === "agent-panel" || detail.ctx?.swap === "outerHTML") {
    settle();
    markTold();
    dock.refresh();
    dock.draw();
  }
});

document.addEventListener("htmx:response:error", ({ detail }) => {
  if (detail.ctx?.request?.action === "/agent/save") drafts.keepLocal();
});

// The network is away: nothing is swapped, the form stays as it is and a copy lies in the browser.
document.addEventListener("htmx:error", ({ detail }) => {
  if (!detail.ctx?.request?.action?.startsWith("/agent/save")) return;
  drafts.keepLocal();
  dock.tell("save", "网络中断，还没有登记成功；内容已存在本机，恢复后请再按一次。");
});

document.addEventListener("htmx:after:request", ({ detail }) => {
  if (detail.ctx?.request?.action?.startsWith("/agent/")) dock.tell("save", null);
  if (detail.ctx?.request?.action === "/agent/save" && detail.ctx.response.status < 400) drafts.sent();
});

// Before htmx sees it: the form waits for its own draft, so that the two cannot overtake.
document.addEventListener(
  "submit",
  async (event) => {
    const { target, submitter } = event;
    if (target !== form() || !drafts.pending) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await drafts.settled();
    if (target.isConnected) target.requestSubmit(submitter);
  },
  true,
);

let thinking = null;

function think(delay) {
  clearTimeout(thinking);
  thinking = setTimeout(() => form()?.dispatchEvent(new CustomEvent("suggest")), delay);
}

document.addEventListener("input", ({ target }) => {
  if (target.form !== form() || !form()) return;
  if (["content", "place"].includes(target.name)) think(500);
  if (["category", "division"].includes(target.name)) {
    field("unit_by").value = "";
    think(150);
  }
});

document.addEventListener("change", ({ target }) => {
  if (target.form !== form() || !form()) return;
  if (target.name === "unit") field("unit_by").value = "agent";
  if (target.name === "confidential") field("confidential_by").value = "agent";
  if (target.name === "kind" && field("confidential_by").value !== "agent") {
    field("confidential").checked = form().dataset.confidentialKinds.split(" ").includes(target.value);
  }
  if (target.name === "requester_kind" && target.value === "enterprise") field("business_environment").checked = true;
  if (target.name === "anonymous" && target.checked) {
    field("confidential").checked = true;
    field("confidential_by").value = "agent";
  }
  if (target.name === "phone" && !panel().dataset.contact) lookUp();
});

/** Past of a number typed by hand. */
function lookUp() {
  window.htmx.ajax("POST", "/agent/caller", {
    // Not the form as source: a save pressed meanwhile would wait in the same line and be dropped.
    source: "#agent-past",
    values: Object.fromEntries(new FormData(form())),
    target: "#agent-past",
    swap: "innerHTML",
  });
}

function accept(name, value) {
  field(name).value = value;
  field(name).dispatchEvent(new Event("input", { bubbles: true }));
}

/** Take a proposed kind or urgency: the radio as if it had been pressed. */
function choose(name, value) {
  const radio = document.getElementById(`f-${name}-${value}`);
  if (!radio) return;
  radio.checked = true;
  for (const event of ["input", "change"]) radio.dispatchEvent(new Event(event, { bubbles: true }));
  think(0);
}

document.addEventListener("click", ({ target }) => {
  const { category, division, pick, value } = target.closest("#suggestions button")?.dataset ?? {};
  if (category) accept("category", category);
  if (division) accept("division", division);
  if (pick) choose(pick, value);
  const cited = target.closest("#knowledge [data-cite]");
  if (cited) insert(cited);
  const called = target.closest("[data-dial]");
  if (called) dial(called.dataset.dial || field("phone")?.value.trim() || "");
  if (target.closest("#outcomes-toggle")) toggleOutcomes();
  if (target.closest("#emergency-toggle")) toggle("emergency");
});

const toggleOutcomes = () => toggle("outcomes");

function toggle(id) {
  const sheet = document.getElementById(id);
  if (!sheet) return;
  sheet.hidden = !sheet.hidden;
  document.getElementById(`${id}-toggle`).setAttribute("aria-expanded", String(!sheet.hidden));
  if (sheet.hidden) return;
  sheet.querySelector("input, button").focus();
  sheet.scrollIntoView({ block: "center" });
}

/** The folded part of the form; a second press folds it again. */
function toggleMore() {
  const more = document.getElementById("more");
  if (!more) return;
  more.open = !more.open;
  (more.open ? more.querySelector("input, select") : more.querySelector("summary")).focus();
}

/** The second key of an emergency: the number of its line in the list. */
document.addEventListener("keydown", (event) => {
  const sheet = event.target.closest?.("#emergency");
  if (!sheet || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "Escape") {
    toggle("emergency");
    field("content").focus();
    return;
  }
  if (!/^[1-9]$/.test(event.key)) return;
  event.preventDefault();
  emergency.press(Number(event.key));
});

/** One open ticket needs no choice; of several the agent picks one. */
function chooseUrged() {
  const cards = [...document.querySelectorAll("input[name=urged_number][data-open]")];
  if (cards.some((card) => card.checked)) return true;
  if (cards.length === 1) cards[0].checked = true;
  else cards[0]?.focus();
  return cards.length === 1;
}

/** Whether the agent chose a ticket of the same event to merge the request into. */
const chosenEvent = () => document.querySelector("#suggestions input[name=joined_number]:checked");

// --- keys ---------------------------------------------------------------------------------

const press = (action) => {
  const button = form()?.querySelector(`button[name=action][value=${action}]`);
  if (button && !button.disabled) form().requestSubmit(button);
};

const KEYS = {
  F9: () => phone.answer(),
  F2: () => press("answer"),
  F4: () => press("ticket"),
  F6: () => (chosenEvent() ? press("join") : chooseUrged() && press("urge")),
  F8: () => toggle("emergency"),
  "Alt+KeyX": () => phone.hangUp(),
  "Alt+KeyH": () => phone.hold(),
  "Alt+KeyM": () => phone.mute(),
  "Alt+KeyK": () => dock.toggleKeypad(),
  "Alt+KeyT": () => dock.transfer.open(),
  "Alt+KeyG": () => dock.transfer.three(),
  "Alt+KeyB": () => phone.cancelAside(),
  "Alt+KeyP": () => dock.mask(),
  "Alt+KeyR": () => dock.ready(),
  "Alt+KeyO": () => toggleOutcomes(),
  "Alt+KeyJ": () => toggleMore(),
  // Not by a click: a button just put on the screen may not know yet what it does.
  "Alt+KeyN": () => document.getElementById("new-by-hand") && show("/agent/new"),
  "Alt+KeyS": () => document.getElementById("knowledge-q")?.focus(),
  "Alt+Digit1": () => numbered(0),
  "Alt+Digit2": () => numbered(1),
  "Alt+Digit3": () => numbered(2),
  "Alt+Digit4": () => citation(3)?.click(),
  "Alt+Digit5": () => citation(4)?.click(),
};

/** While the cursor is in the knowledge panel its entries have the numbers, else the categories. */
function numbered(index) {
  const entry = document.activeElement?.closest("#knowledge") && citation(index);
  if (entry) entry.click();
  else suggestion(index);
}

const citation = (index) => document.querySelectorAll("#knowledge [data-cite]")[index];

/** Put an entry's words into the answer; what is internal is cited and not put there. */
function insert(button) {
  const answer = field("answer");
  if (!answer || "internal" in button.dataset) return;
  const entry = button.closest(".knowledge-hit");
  const words = entry.querySelector("[data-answer]").textContent.trim();
  const basis = entry.querySelector("[data-basis]")?.textContent.trim();
  const whole = basis ? `${words}（依据：${basis}）` : words;
  if (!answer.value.includes(whole)) accept("answer", answer.value ? `${answer.value}\n${whole}` : whole);
}

function suggestion(index) {
  const chip = document.querySelectorAll("#suggestions [data-category]")[index];
  if (chip) accept("category", chip.dataset.category);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.isComposing) return;
  const busy = event.target.closest?.("input, textarea, select, button, a, summary, dialog");
  if (event.key === "Enter" && phone.state === "ringing" && !busy) {
    event.preventDefault();
    phone.answer();
    return;
  }
  // event.code, because Alt changes event.key on some keyboards.
  const action = KEYS[event.altKey ? `Alt+${event.code}` : event.key];
  if (!action || event.repeat) return;
  event.preventDefault();
  action();
});

// --- coming and going ---------------------------------------------------------------------

window.addEventListener("beforeunload", (event) => {
  drafts.leaving = true;
  if (phone.session && !phone.call?.test) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  drafts.leave(csrf);
  if (phone.talking && !phone.call.test) {
    // No goodbye: the caller hears music until this page, or the next one, is there again.
    fetch("/agent/leaving", { method: "POST", headers: { "X-CSRF-Token": csrf }, keepalive: true }).catch(() => {});
    phone.vanish();
  } else {
    phone.stop();
  }
});
document.addEventListener("hotline:message", () => dock.messages());
// The link was lost for a while: a call may have come meanwhile. A form in work, or being
// opened, is left alone.
document.addEventListener("hotline:resync", () => {
  dock.refresh();
  if (!form() && !lastAsked) show("/agent/current");
});
document.addEventListener("hotline:seat", ({ detail }) => {
  if (detail.extension === dock.extension) dock.refresh();
});

/** One page of a browser has the telephone; two would take it from each other for ever. */
function takePhone() {
  if (!navigator.locks) {
    phone.start();
    return;
  }
  const lock = `hotline-phone-${dock.extension}`;
  const waiting = setTimeout(
    () => dock.tell("elsewhere", "电话已在另一个页面打开，本页可以登记；那个页面关闭后由本页接听。"),
    600,
  );
  navigator.locks.request(lock, () => {
    clearTimeout(waiting);
    dock.tell("elsewhere", null);
    phone.start();
    return new Promise(() => {});
  });
}

settle();
takePhone();
dock.messages();
