// Desks and tickets: lists that stay fresh without jumping, kept drafts, and keys for every day's work.
const SETTLE = 350; // several events of one commit make one refresh
const STILL = 2500; // a pointer resting longer than this is not about to press
const QUIET = 1200;

let moved = 0;
document.addEventListener("pointermove", (event) => (moved = event.target.closest?.("#desk-live") ? Date.now() : moved), { passive: true });

// --- live ---------------------------------------------------------------------------------------------
async function freshPage(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function busy(area) {
  const at = document.activeElement;
  const typing = area.contains(at) && at.matches("input, textarea, select");
  return typing || edited(area) || Date.now() - moved < STILL || area.querySelector("button:disabled") !== null;
}

function edited(area) {
  return [...area.querySelectorAll("textarea, input:not([type=hidden])")].some((field) =>
    field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue,
  );
}

/** Put the new state of a part in place of the old: scroll, selected row and focus stay, new rows light up. */
function exchange(old, fresh) {
  if (!old || !fresh || old.isEqualNode(fresh)) return;
  const scroll = [...old.querySelectorAll("[data-scroll]")].map((box) => [box.scrollTop, box.scrollLeft]);
  const known = new Set([...old.querySelectorAll("[id]")].map((node) => node.id));
  const chosen = old.querySelector("[data-rows] .selected")?.id;
  const focused = old.contains(document.activeElement) ? document.activeElement.closest("[id]")?.id : null;
  old.replaceWith(fresh);
  fresh.querySelectorAll("[data-scroll]").forEach((box, i) => {
    if (scroll[i]) [box.scrollTop, box.scrollLeft] = scroll[i];
  });
  for (const node of fresh.querySelectorAll("tr[id], article[id], li[id]")) {
    if (!known.has(node.id)) node.classList.add("fresh");
  }
  if (chosen) document.getElementById(chosen)?.classList.add("selected");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

class LiveDesk {
  constructor(area) {
    for (const name of area.dataset.refresh.split(" ")) document.addEventListener(`hotline:${name}`, () => this.soon(SETTLE));
  }

  soon(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), wait);
  }

  async refresh(now = false) {
    const area = document.getElementById("desk-live");
    if (!now && busy(area)) {
      // Nothing may jump under the pointer: say that there is news, and wait until the hand is off.
      this.offer(area);
      this.soon(1000);
      return;
    }
    const here = new URL(location.href);
    // A desk opened without a tab shows the first that holds something; it must not change by itself.
    if (!here.searchParams.has("tab")) here.searchParams.set("tab", area.dataset.tab);
    const page = await freshPage(here).catch(() => null);
    if (!page) return;
    if (!now && busy(area)) {
      this.soon(1000);
      return;
    }
    exchange(area, page.getElementById("desk-live"));
  }

  offer(area) {
    if (area.querySelector(".pill")) return;
    const pill = document.createElement("button");
    pill.type = "button";
    pill.className = "pill";
    pill.textContent = "有新的变化，点此更新";
    pill.addEventListener("click", () => this.refresh(true));
    area.querySelector(".desk-tabs")?.after(pill);
  }
}

class LiveTicket {
  constructor(ticket) {
    this.number = ticket.dataset.number;
    document.addEventListener("hotline:ticket", (event) => {
      if (event.detail?.number !== this.number && !event.detail?.resync) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.refresh(), SETTLE);
    });
  }

  async refresh() {
    const page = await freshPage(`/tickets/${encodeURIComponent(this.number)}`).catch(() => null);
    if (!page) return;
    for (const id of ["ticket-head", "ticket-request", "ticket-history"]) {
      exchange(document.getElementById(id), page.getElementById(id));
    }
    const side = document.getElementById("ticket-side");
    const inUse = edited(side) || side.contains(document.activeElement) || [...side.querySelectorAll("audio")].some((a) => !a.paused);
    if (!inUse && !refused()) {
      exchange(side, page.getElementById("ticket-side"));
      keepDrafts(this.number);
    } else if (page.querySelector(".ticket")?.dataset.version !== document.querySelector(".ticket").dataset.version) this.warn();
  }

  warn() {
    if (document.getElementById("moved-on")) return;
    const line = document.createElement("div");
    line.id = "moved-on";
    line.className = "notice notice-near";
    line.setAttribute("role", "status");
    line.textContent = "这张工单刚刚有新进展，见“办理过程”。您填写的内容没有动；提交前请再看一眼。";
    document.getElementById("ticket-side").prepend(line);
  }
}

// --- drafts -----------------------------------------------------------------------------------------------
/** Whether this page came back from a press that was refused: only here stands what was typed. */
const refused = () => document.querySelector(".refusal, #ticket-side .field-error") !== null;

const kept = new WeakSet();

/** Every form on the page is kept, also those that came with news from others. */
function keepDrafts(number) {
  for (const form of document.querySelectorAll(".ticket form[data-draft]")) {
    if (kept.has(form)) continue;
    kept.add(form);
    const draft = new Draft(form, number);
    // The press came before what was typed last had been sent.
    if (refused() && new URL(form.action).pathname === location.pathname) draft.typed();
  }
}

class Draft {
  constructor(form, number) {
    this.form = form;
    this.address = `/tickets/${encodeURIComponent(number)}/draft`;
    form.addEventListener("input", () => this.typed());
    form.addEventListener("submit", () => this.cancel());
    addEventListener("pagehide", () => this.dirty && this.send());
  }

  typed() {
    this.dirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), QUIET);
  }

  cancel() {
    clearTimeout(this.timer);
    this.dirty = false;
  }

  send() {
    const body = new URLSearchParams({ form: this.form.dataset.draft });
    for (const area of this.form.querySelectorAll("textarea")) body.set(area.name, area.value);
    const token = document.querySelector('meta[name="csrf"]').content;
    return fetch(this.address, { method: "POST", body, keepalive: true, headers: { "X-CSRF-Token": token } });
  }

  async save() {
    this.dirty = false;
    const answer = await this.send().catch(() => null);
    const said = this.form.querySelector("[data-autosave]");
    if (answer?.ok) {
      if (said) said.textContent = `自动保存 ${new Date().toLocaleTimeString("zh-CN", { hour12: false })}`;
      return;
    }
    if (said) said.textContent = "还没有保存到服务器，请先不要关闭页面";
    this.typed();
  }
}

// --- the rules for public replies, beside the text while it is written ------------------------------------
let reading = 0;

async function lint(area, place, number) {
  const mine = ++reading;
  const body = new URLSearchParams({ public_reply: area.value });
  const token = document.querySelector('meta[name="csrf"]').content;
  const address = `/tickets/${encodeURIComponent(number)}/lint`;
  const answer = await fetch(address, { method: "POST", body, headers: { "X-CSRF-Token": token, Accept: "text/html" } }).catch(() => null);
  // An answer that was overtaken by the next one says nothing of the text on the page.
  if (answer?.ok && mine === reading) place.innerHTML = await answer.text();
}

document.addEventListener("input", ({ target }) => {
  const place = target.id && document.querySelector(`[data-lint="${CSS.escape(target.id)}"]`);
  if (!place) return;
  clearTimeout(place.timer);
  place.timer = setTimeout(() => lint(target, place, document.querySelector(".ticket").dataset.number), 700);
});

// --- keys and presses -------------------------------------------------------------------------------------
function fill(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-fill], [data-unit]");
  if (!chip) return;
  const row = chip.closest("tr");
  const field = chip.dataset.fill ? document.getElementById(chip.dataset.fill) : row.querySelector('[name="department"]');
  fill(field, chip.dataset.value ?? chip.dataset.unit);
  for (const other of chip.parentElement.querySelectorAll(".suggestion")) other.classList.toggle("accepted", other === chip);
  (row?.querySelector('[data-testid="dispatch"]') ?? field).focus();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.matches("textarea, select, input:not([type=radio])")) return;
  const steps = event.target.closest?.("form[data-steps]");
  if (steps) {
    if (answer(steps, event.key)) event.preventDefault();
    return;
  }
  const batch = document.querySelector("form[data-batch]");
  if (batch && event.key === "d") batch.requestSubmit();
  const row = document.querySelector("[data-rows] tr.selected");
  if (!row) return;
  if (event.key === "x") row.querySelector('input[name="pick"]')?.click();
  if (event.key === "d") row.querySelector("form[data-dispatch]")?.requestSubmit();
  else if (/^[1-3]$/.test(event.key)) row.querySelector(`[data-key="${event.key}"]`)?.click();
});

/** 1 to 5 answer the next open question; the last one leads to the button. */
function answer(form, key) {
  if (!/^[1-5]$/.test(key)) return false;
  const open = [...form.querySelectorAll("fieldset")].find((set) => !set.querySelector(":checked"));
  const choice = open?.querySelectorAll("input[type=radio]")[Number(key) - 1];
  if (!choice) return false;
  choice.checked = true;
  choice.dispatchEvent(new Event("change", { bubbles: true }));
  const unreached = form.elements.reached.value === "no";
  const left = [...form.querySelectorAll("fieldset")].some((set) => !set.querySelector(":checked"));
  if (unreached || !left) form.querySelector("[type=submit]").focus();
  return true;
}

document.addEventListener("change", ({ target }) => {
  const batch = target.closest("form[data-batch]");
  if (!batch) return;
  const picks = [...batch.querySelectorAll('input[name="pick"]')];
  if (target.matches("[data-pick-all]")) for (const pick of picks) pick.checked = target.checked;
  const many = picks.filter((pick) => pick.checked).length;
  batch.querySelector("[data-picked]").textContent = many;
  batch.querySelector("[type=submit]").disabled = many === 0;
});

// --- this page ------------------------------------------------------------------------------------------------
const desk = document.getElementById("desk-live");
if (desk) new LiveDesk(desk);
const ticket = document.querySelector(".ticket[data-number]");
if (ticket) {
  new LiveTicket(ticket);
  keepDrafts(ticket.dataset.number);
  for (const place of ticket.querySelectorAll("[data-lint]")) {
    const area = document.getElementById(place.dataset.lint);
    if (area?.value.trim()) lint(area, place, ticket.dataset.number);
  }
}
// A reload must not say again that it is done.
if (document.querySelector("[data-said]")) {
  const here = new URL(location.href);
  here.searchParams.delete("done");
  here.searchParams.delete("number");
  history.replaceState(null, "", here);
}
