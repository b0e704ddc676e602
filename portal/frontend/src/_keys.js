// The keyboard on every page: "/" searches, "g" and a letter goes to a place, j k Enter walk a list, "?" helps.
const TYPING = "input, textarea, select, [contenteditable='true']";

let waiting = null; // the first key of "g d"

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.(TYPING)) {
      if (event.key === "Escape" && event.target.id === "search") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    if (waiting) {
      clearTimeout(waiting);
      waiting = null;
      const place = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (place) {
        event.preventDefault();
        place.click();
      }
      return;
    }
    const act = ACTS[event.key];
    if (act && act(event) !== false) event.preventDefault();
  });
}

const ACTS = {
  "/": () => {
    const field = document.getElementById("search");
    if (!field) return false;
    field.focus();
    field.select();
  },
  "?": () => document.getElementById("keys")?.showModal(),
  g: () => {
    waiting = setTimeout(() => (waiting = null), 1200);
  },
  j: () => step(1),
  k: () => step(-1),
  Enter: (event) => {
    if (event.target !== document.body && event.target.id !== "main" && !event.target.closest?.("tr[data-href]")) return false;
    const row = selected();
    if (!row) return false;
    (row.querySelector("a[href], button") ?? row).click();
  },
};

function rows() {
  return [...document.querySelectorAll("[data-rows] tr[data-href], [data-rows] [data-row]")].filter((row) => row.offsetParent);
}

function selected() {
  return rows().find((row) => row.classList.contains("selected"));
}

function step(by) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(selected());
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
  all[at]?.classList.remove("selected");
  next.classList.add("selected");
  next.scrollIntoView({ block: "nearest" });
}
