// The agent's console: telephone dock, screen pop, drafts that survive anything, keys.
import { Drafts } from "./_drafts.js";
import { Dock } from "./_dock.js";
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

/** Show another panel; what was typed in this one is kept first. */
async function show(path) {
  drafts.flush();
  await window.htmx.ajax("GET", path, { target: "#agent-panel", swap: "outerHTML" });
}

// --- screen pop ---------------------------------------------------------------------------

async function popContact(id) {
  if (panel().dataset.contact === String(id) && panel().dataset.subject === `contact-${id}`) return;
  await show(`/agent/contact/${id}`);
}

document.addEventListener("hotline:call_ringing", ({ detail }) => {
  if (detail.extension === dock.extension) popContact(detail.contact_id);
});

// The SIP header is a second witness: should the event be late or lost, ask for the call ourselves.
phone.addEventListener("incoming", ({ detail }) => {
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

phone.addEventListener("ended", async ({ detail }) => {
  if (detail.test) return;
  if (!detail.answered) {
    // It rings elsewhere now, but its event may come late: look again until the call has left.
    for (const wait of LEAVING_MS) setTimeout(() => leave(detail.uuid), wait);
    return;
  }
  const open = form() && panel().dataset.subject.startsWith("contact-");
  if (open && dock.seat === "ready") await dock.take("paused", "话后整理");
});

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
  drafts.watch(current, panel().dataset.subject);
  const wrong = current?.querySelector(".is-invalid");
  if (wrong) wrong.focus();
  else if (document.getElementById("saved")) document.getElementById("saved").focus();
  else if (phone.state !== "ringing" && current) focusContent();
}

document.addEventListener("htmx:after:swap", ({ detail }) => {
  if (detail.ctx?.target?.id === "agent-past") {
    const urge = form()?.querySelector("button[value=urge]");
    if (urge) urge.disabled = !document.querySelector("input[name=urged_number]");
    return;
  }
  if (detail.ctx?.target?.id === "agent-panel" || detail.ctx?.swap === "outerHTML") {
    settle();
    dock.refresh();
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

document.addEventListener("click", ({ target }) => {
  const { category, division } = target.closest("#suggestions button")?.dataset ?? {};
  if (category) accept("category", category);
  if (division) accept("division", division);
  if (target.closest("#outcomes-toggle")) toggleOutcomes();
});

function toggleOutcomes() {
  const sheet = document.getElementById("outcomes");
  const toggle = document.getElementById("outcomes-toggle");
  if (!sheet) return;
  sheet.hidden = !sheet.hidden;
  toggle.setAttribute("aria-expanded", String(!sheet.hidden));
  if (!sheet.hidden) sheet.querySelector("input").focus();
}

/** One open ticket needs no choice; of several the agent picks one. */
function chooseUrged() {
  const cards = [...document.querySelectorAll("input[name=urged_number]")];
  if (cards.some((card) => card.checked)) return true;
  if (cards.length === 1) cards[0].checked = true;
  else cards[0]?.focus();
  return cards.length === 1;
}

// --- keys ---------------------------------------------------------------------------------

const press = (action) => {
  const button = form()?.querySelector(`button[name=action][value=${action}]`);
  if (button && !button.disabled) form().requestSubmit(button);
};

const KEYS = {
  F9: () => phone.answer(),
  F2: () => press("answer"),
  F4: () => press("ticket"),
  F6: () => chooseUrged() && press("urge"),
  "Alt+KeyX": () => phone.hangUp(),
  "Alt+KeyH": () => phone.hold(),
  "Alt+KeyM": () => phone.mute(),
  "Alt+KeyK": () => dock.toggleKeypad(),
  "Alt+KeyR": () => dock.ready(),
  "Alt+KeyO": () => toggleOutcomes(),
  "Alt+KeyN": () => document.getElementById("new-by-hand")?.click(),
  "Alt+Digit1": () => suggestion(0),
  "Alt+Digit2": () => suggestion(1),
  "Alt+Digit3": () => suggestion(2),
};

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
  if (phone.session && !phone.call?.test) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  drafts.leave(csrf);
  phone.stop();
});
// The link was lost for a while: a call may have come meanwhile. A form in work is left alone.
document.addEventListener("hotline:resync", () => {
  dock.refresh();
  if (!form()) show("/agent/current");
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
