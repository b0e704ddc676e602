// Every page: htmx with our token, errors beside their field, live events, keys, clock, toasts.
import "./vendor/htmx.js";
import { follow } from "./_live.js";
import { listenToKeys } from "./_keys.js";

const SHANGHAI = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** Show a short message at the bottom right; it leaves by itself. */
export function toast(text) {
  const line = document.createElement("div");
  line.className = "toast-line";
  line.textContent = text;
  document.getElementById("toasts").append(line);
  setTimeout(() => line.remove(), 5000);
}
window.hotlineToast = toast;

// --- htmx -----------------------------------------------------------------------------------------
document.addEventListener("htmx:config:request", (event) => {
  const token = document.querySelector('meta[name="csrf"]')?.content;
  if (token) event.detail.ctx.request.headers["X-CSRF-Token"] = token;
});

document.addEventListener("htmx:before:request", (event) => {
  forgetErrors(event.detail.ctx.sourceElement.closest("form"));
  document.getElementById("flash")?.replaceChildren();
});

document.addEventListener("htmx:after:swap", (event) => {
  const problem = document.querySelector("#flash [data-field]");
  const form = event.detail.ctx?.sourceElement?.closest("form");
  if (problem && form) pointAt(form, problem.dataset.field, problem.textContent.trim());
});

document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx?.response) return; // the server answered; its words are on the page
  notice("没有连上服务器，刚才的操作没有提交；填写的内容还在，请稍后重试。");
});

// The server may answer with HX-Trigger: {"toast": "已签收"}.
document.addEventListener("toast", (event) => toast(event.detail?.value ?? event.detail ?? ""));

function pointAt(form, name, sentence) {
  const field = form.elements.namedItem(name);
  if (!(field instanceof HTMLElement)) return;
  field.setAttribute("aria-invalid", "true");
  const said = document.createElement("p");
  said.className = "field-error";
  said.dataset.said = "";
  said.textContent = sentence;
  (field.closest(".field") ?? field.parentElement).append(said);
  field.focus();
}

function forgetErrors(form) {
  form?.querySelectorAll("[data-said]").forEach((said) => said.remove());
  form?.querySelectorAll('[aria-invalid="true"]').forEach((field) => field.removeAttribute("aria-invalid"));
}

function notice(sentence) {
  const line = document.createElement("div");
  line.className = "notice notice-over";
  line.setAttribute("role", "alert");
  line.textContent = sentence;
  document.getElementById("flash")?.replaceChildren(line);
}

// A step that cannot be taken back asks with the name of the thing.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (button && !window.confirm(button.dataset.confirm)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

// --- the page ---------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const target = event.target;
  if (target.closest("[data-dismiss]")) target.closest(".notice")?.remove();
  if (target.closest("[data-help]")) document.getElementById("keys")?.showModal();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target) || target.closest("[data-help]")) menu.open = false;
  }
  const row = target.closest("tr[data-href]");
  if (row && !target.closest("a, button, input, label, select") && !window.getSelection().toString()) {
    (row.querySelector("a[href]") ?? { click: () => (location.href = row.dataset.href) }).click();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach((menu) => (menu.open = false));
});

// Leaving or reloading the page must not send a form twice.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!event.defaultPrevented && button && !event.target.matches("[hx-post], [hx-get], [method='dialog']")) {
    setTimeout(() => (button.disabled = true));
    setTimeout(() => (button.disabled = false), 4000);
  }
});

// The clock follows the server's: a wrong clock on the desk would show wrong deadlines.
const clock = document.getElementById("clock");
if (clock) {
  const ahead = new Date(clock.dateTime).getTime() - Date.now();
  setInterval(() => (clock.textContent = SHANGHAI.format(new Date(Date.now() + ahead))), 1000);
}

listenToKeys();
if (document.body.dataset.live) follow(document.body.dataset.live);
