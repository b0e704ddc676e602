// The follow-up caller's desk: the result in three keys, the telephone beside it, undo in time.
import { Softphone } from "./softphone.js";

const form = document.querySelector("form[data-keys]");

function steps() {
  return form ? [...form.querySelectorAll("[data-step]")].filter((set) => set.offsetParent) : [];
}

function open() {
  return steps().find((set) => !set.querySelector(":checked"));
}

/** Light up the question that the next key answers; the last one leads to the button. */
function mark() {
  const now = open();
  for (const set of steps()) set.classList.toggle("current", set === now);
  if (form && !now) form.querySelector('[data-testid="record"]').focus({ preventScroll: true });
}

function choose(radio) {
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
}

function key(pressed) {
  if (pressed === "0") {
    choose(form.querySelector('[name="reached"][value="no"]'));
    return true;
  }
  if (/^[1-9]$/.test(pressed)) {
    const radio = open()?.querySelectorAll("input[type=radio]")[Number(pressed) - 1];
    if (radio) choose(radio);
    return Boolean(radio);
  }
  if (pressed === "Backspace") {
    const answered = steps().filter((set) => set.querySelector(":checked"));
    const last = answered.at(-1)?.querySelector(":checked");
    if (last) last.checked = false;
    else choose(form.querySelector('[name="reached"][value="yes"]'));
    document.activeElement?.blur();
    mark();
    return true;
  }
  // Never half a result: a key that came before the page was there must not shift the others.
  if (pressed === "Enter" && !open() && document.activeElement?.tagName !== "BUTTON" && document.activeElement?.tagName !== "A") {
    form.requestSubmit(form.querySelector('[data-testid="record"]'));
    return true;
  }
  if (pressed === "c") {
    form.elements.comment.focus();
    return true;
  }
  if (pressed === "r") {
    form.elements.redo.click();
    return true;
  }
  return false;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector("dialog[open]")) return;
  const typing = event.target.matches("textarea, select, input:not([type=radio], [type=checkbox])");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (button && !button.hidden) {
    event.preventDefault();
    button.click();
  } else if (form && key(event.key)) event.preventDefault();
});

form?.addEventListener("change", mark);
mark();

// --- undo in time --------------------------------------------------------------------------------
const offer = document.querySelector("[data-expires]");
if (offer) {
  const until = Date.now() + Number(offer.dataset.expires) * 1000;
  const timer = setInterval(() => {
    const left = Math.ceil((until - Date.now()) / 1000);
    offer.querySelector("[data-left]").textContent = Math.max(left, 0);
    if (left > 0) return;
    clearInterval(timer);
    offer.remove();
  }, 500);
}
if (document.querySelector("[data-said]")) {
  const here = new URL(location.href);
  here.searchParams.delete("said");
  history.replaceState(null, "", here);
}

// --- the caller's own telephone --------------------------------------------------------------------
class Phone {
  constructor(panel) {
    this.dialled = panel.dataset.dial;
    this.line = document.getElementById("dial-line");
    this.call = document.getElementById("dial");
    this.end = document.getElementById("hang-up");
    this.trouble = new Map();
    this.phone = new Softphone(async () => {
      const answer = await fetch("/agent/softphone", { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      return answer.json();
    });
    this.call.addEventListener("click", () => this.dial());
    this.end.addEventListener("click", () => this.phone.hangUp());
    this.phone.addEventListener("change", () => this.show());
    this.phone.addEventListener("problem", ({ detail }) => {
      if (detail.text) this.trouble.set(detail.kind, detail.text);
      else this.trouble.delete(detail.kind);
      this.show();
    });
    this.phone.addEventListener("ended", ({ detail }) => {
      this.asked = "";
      if (detail.text) window.hotlineToast(detail.text);
      this.show();
    });
    this.phone.start();
    addEventListener("pagehide", () => this.phone.stop());
  }

  show() {
    const { state, registered } = this.phone;
    this.end.hidden = state === "idle";
    this.call.hidden = state !== "idle";
    const words = { ringing: "正在接通…", talking: "通话中", held: "保持中" }[state];
    this.line.textContent = words ?? ([...this.trouble.values()].join(" ") || this.asked || (registered ? "分机已连接" : "分机正在连接…"));
  }

  async dial() {
    this.asked = "正在呼叫…";
    this.show();
    const token = document.querySelector('meta[name="csrf"]').content;
    const answer = await fetch(this.dialled, { method: "POST", headers: { "X-CSRF-Token": token, Accept: "application/problem+json" } }).catch(() => null);
    if (answer?.ok) return;
    const said = await answer?.json().catch(() => null);
    this.asked = said?.detail ?? said?.title ?? "没有拨出，请稍后再试";
    this.show();
  }
}

const panel = document.getElementById("asking-phone");
if (panel?.dataset.phone === "yes") new Phone(panel);
