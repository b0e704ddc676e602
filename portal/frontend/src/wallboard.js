// The wallboard: fresh within a blink of every change, and a supervisor's telephone beside it.
import { Softphone } from "./softphone.js";

const EVENTS = ["seat", "call_arrived", "call_ringing", "call_answered", "call_ended", "contact", "call_back", "listening"];
const HEAL_MS = 20000; // read afresh now and then: what runs out by the clock alone tells nobody

const PAUSE_MS = 100; // between two questions, however busy the hour

const BY_CALLS = { ringing: ["near", "振铃"], talking: ["accent", "通话中"], held: ["held", "保持中"] };

const clockOf = document.getElementById("clock");
const ahead = clockOf ? new Date(clockOf.dateTime).getTime() - Date.now() : 0;
const token = document.querySelector('meta[name="csrf"]').content;

async function post(path, fields) {
  const answer = await fetch(path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { "X-CSRF-Token": token, Accept: "application/json" },
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.detail || "操作没有成功，请稍后重试。");
  return said;
}

// --- the clocks -----------------------------------------------------------------------------------
function running(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const sinceText = (moment) => running((Date.now() + ahead - new Date(moment).getTime()) / 1000);

function tick() {
  for (const cell of document.querySelectorAll("[data-clock]")) cell.textContent = sinceText(cell.dataset.clock);
  for (const seat of document.querySelectorAll("#board-agents > [data-limit]")) {
    const late = seat.dataset.limit && new Date(seat.dataset.limit).getTime() <= Date.now() + ahead;
    seat.classList.toggle("agent-over", Boolean(late));
  }
}

// --- the board ------------------------------------------------------------------------------------
class Board {
  constructor(root) {
    this.root = root;
    this.filter = { state: "", queue: "" };
    for (const name of EVENTS) document.addEventListener(`hotline:${name}`, () => this.changed());
    document.addEventListener("hotline:seat", ({ detail }) => this.hint(detail));
    document.addEventListener("hotline:resync", () => this.whole());
    setInterval(() => this.whole(), HEAL_MS);
    document.addEventListener("visibilitychange", () => document.hidden || this.whole());
    root.addEventListener("click", (event) => this.pressed(event));
  }

  /** What a call does to an agent outweighs all else, so it is shown before the server is asked. */
  hint({ extension, state }) {
    const card = extension && document.getElementById(`seat-${extension}`);
    const [tone, word] = BY_CALLS[state] ?? [];
    if (!card || !tone || card.dataset.state === state) return;
    card.className = `agent agent-${tone}`;
    card.dataset.state = state;
    card.querySelector(".agent-state").lastChild.textContent = word;
    const clock = card.querySelector("[data-clock]");
    if (clock) clock.dataset.clock = new Date(Date.now() + ahead).toISOString();
    tick();
  }

  /** Everything, also what counts a whole day. */
  whole() {
    this.all = true;
    this.changed();
  }

  /** One question at a time: what comes while it is asked is asked once more after it. */
  async changed() {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    do {
      this.again = false;
      await this.read().catch(() => {});
      if (this.again) await new Promise((go) => setTimeout(go, PAUSE_MS));
    } while (this.again);
    this.asking = false;
  }

  async read() {
    const address = this.all ? "/wallboard/board" : "/wallboard/board?quick=1";
    this.all = false;
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    this.take(page.getElementById("board"));
  }

  /** Each part stays where it is and changes in place: nothing moves under the pointer. */
  take(fresh) {
    copyData(this.root, fresh);
    for (const id of ["sum-connection", "sum-service", "sum-call-backs", "sum-corrections", "board-waiting"]) {
      fill(document.getElementById(id), fresh.querySelector(`#${id}`));
    }
    const head = document.getElementById("board-filters");
    if (!head.contains(document.activeElement)) fill(head, fresh.querySelector("#board-filters"));
    keyed(document.getElementById("board-queues"), fresh.querySelector("#board-queues"));
    keyed(document.getElementById("board-agents"), fresh.querySelector("#board-agents"));
    this.choose(this.filter);
    tick();
    document.dispatchEvent(new CustomEvent("board:changed"));
  }

  pressed(event) {
    const chip = event.target.closest("[data-filter]");
    if (chip) {
      const wish = { state: chip.dataset.filter, queue: chip.dataset.queue ?? "" };
      this.choose(same(wish, this.filter) ? { state: "", queue: "" } : wish);
    }
    const card = event.target.closest(".agent");
    if (card) sheet?.open(card.dataset.extension);
  }

  /** Show the agents a figure counts: of one state, and of one queue when it is a queue's. */
  choose(wish) {
    this.filter = wish;
    for (const chip of this.root.querySelectorAll("[data-filter]")) {
      const mine = { state: chip.dataset.filter, queue: chip.dataset.queue ?? "" };
      chip.setAttribute("aria-pressed", String(same(mine, wish)));
    }
    for (const card of this.root.querySelectorAll(".agent")) {
      const { state, queues } = card.dataset;
      const serves = !wish.queue || queues.split("、").includes(wish.queue);
      card.hidden = Boolean(wish.state) && !(state === wish.state && serves);
    }
  }
}

const same = (one, other) => one.state === other.state && one.queue === other.queue;

function copyData(old, fresh) {
  for (const { name, value } of [...fresh.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

function fill(old, fresh) {
  if (old && fresh && shape(old) !== shape(fresh)) old.innerHTML = fresh.innerHTML;
}

/** Children are known by their id: changed in place, added at their place, taken away. */
function keyed(old, fresh) {
  if (!old || !fresh) {
    // The first agent ever, or the last one gone.
    if (old || fresh) location.reload();
    return;
  }
  const there = new Map([...old.children].map((node) => [node.id, node]));
  let at = null;
  for (const wanted of [...fresh.children]) {
    const node = there.get(wanted.id);
    there.delete(wanted.id);
    if (!node) {
      at = old.insertBefore(document.importNode(wanted, true), at ? at.nextSibling : old.firstChild);
      continue;
    }
    copyData(node, wanted);
    const [face, next] = [node.querySelector(".agent-face") ?? node, wanted.querySelector(".agent-face") ?? wanted];
    if (shape(face) !== shape(next)) face.innerHTML = next.innerHTML;
    at = node;
  }
  for (const gone of there.values()) gone.remove();
}

/** What is drawn, without the running clocks and without what is chosen here. */
function shape(node) {
  const copy = node.cloneNode(true);
  for (const cell of copy.querySelectorAll("[data-clock]")) cell.textContent = "";
  for (const chip of copy.querySelectorAll("[aria-pressed]")) chip.removeAttribute("aria-pressed");
  return copy.innerHTML;
}

// --- one agent ------------------------------------------------------------------------------------
const ACTS = {
  listen: (it) => ["/wallboard/listen", { extension: it.extension, mode: "listen", reason: it.reason }],
  whisper: (it) => ["/wallboard/listen", { extension: it.extension, mode: "whisper", reason: it.reason }],
  barge: (it) => ["/wallboard/listen", { extension: it.extension, mode: "barge", reason: it.reason }],
  "take-over": (it) => ["/wallboard/take-over", { extension: it.extension }],
  "release-queue": (it) => ["/wallboard/release", { extension: it.extension, citizen: "queue" }],
  "release-end": (it) => ["/wallboard/release", { extension: it.extension, citizen: "end" }],
  ready: (it) => ["/wallboard/seat", { extension: it.extension, state: "ready" }],
  paused: (it) => ["/wallboard/seat", { extension: it.extension, state: "paused" }],
  signed_out: (it) => ["/wallboard/seat", { extension: it.extension, state: "signed_out" }],
  message: (it) => ["/wallboard/message", { extension: it.extension, words: it.words }],
};

class Sheet {
  constructor(dialog) {
    this.dialog = dialog;
    this.problem = document.getElementById("sheet-problem");
    this.ask = document.getElementById("sheet-ask");
    dialog.addEventListener("click", (event) => this.pressed(event));
    document.addEventListener("board:changed", () => dialog.open && this.show());
  }

  /** An agent by extension; "" is everybody who is signed in. */
  open(extension) {
    this.extension = extension;
    this.say("");
    this.ask && (this.ask.hidden = true);
    this.show();
    if (!this.dialog.open) this.dialog.showModal();
  }

  get card() {
    return this.extension ? document.getElementById(`seat-${this.extension}`) : null;
  }

  show() {
    const it = this.card?.dataset;
    const [name, state] = [document.getElementById("sheet-name"), document.getElementById("sheet-state")];
    name.textContent = it ? it.name : "通知全体";
    const call = [it?.caller, it?.queue].filter(Boolean).join(" · ");
    state.textContent = it ? [`分机 ${it.extension}`, it.label, call, `服务 ${it.queues}`].filter(Boolean).join(" · ") : "发给所有已签入的话务员";
    const calls = it && (it.talk === "yes" || it.state === "ringing");
    const shown = { talk: it?.talk === "yes", release: calls, seat: Boolean(it), message: true };
    for (const part of this.dialog.querySelectorAll("[data-part]")) part.hidden = !shown[part.dataset.part];
  }

  pressed(event) {
    const button = event.target.closest("button");
    if (event.target === this.dialog || button?.matches("[data-close]")) this.dialog.close();
    if (!button) return;
    if (button.matches("[data-no]")) this.ask.hidden = true;
    if (button.matches("[data-yes]")) {
      this.ask.hidden = true;
      this.act(this.asked);
    }
    const act = button.dataset.act;
    if (!act) return;
    if (button.dataset.ask) this.question(act, button.dataset.ask);
    else this.act(act);
  }

  /** What cannot be taken back asks with the person's name. */
  question(act, words) {
    this.asked = act;
    document.getElementById("sheet-question").textContent = words.replaceAll("{name}", this.card?.dataset.name ?? "");
    this.ask.hidden = false;
    this.ask.scrollIntoView({ block: "nearest" });
    this.ask.querySelector("[data-no]").focus();
  }

  async act(name) {
    const words = document.getElementById("sheet-words");
    const reason = document.getElementById("sheet-reason")?.value ?? "";
    const [path, fields] = ACTS[name]({ extension: this.extension, reason, words: words?.value ?? "" });
    const buttons = [...this.dialog.querySelectorAll("[data-act]")];
    for (const one of buttons) one.disabled = true;
    try {
      const said = await post(path, fields);
      if (name === "message") words.value = "";
      this.dialog.close();
      window.hotlineToast(said.message);
      board.changed();
    } catch (error) {
      this.say(error.message);
    } finally {
      for (const one of buttons) one.disabled = false;
    }
  }

  say(words) {
    this.problem.textContent = words;
    this.problem.hidden = !words;
  }
}

// --- the supervisor's own telephone -----------------------------------------------------------------
const MODES = { listen: "监听", whisper: "耳语", barge: "强插" };

class Ear {
  constructor(root) {
    this.root = root;
    this.line = document.getElementById("ear-line");
    this.now = document.getElementById("ear-now");
    this.call = document.getElementById("ear-call");
    this.problems = new Map();
    this.extension = this.line.textContent.replace(/\D/g, "");
    root.addEventListener("click", (event) => this.pressed(event));
    document.addEventListener("board:changed", () => this.show());
    setInterval(() => this.show(), 1000);
    this.phone = new Softphone(async () => {
      const answer = await fetch("/agent/softphone", { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      return answer.json();
    });
    this.hear();
    this.phone.start();
    addEventListener("pagehide", () => this.phone.stop());
  }

  hear() {
    const on = (name, work) => this.phone.addEventListener(name, (event) => work(event.detail));
    on("change", () => this.show());
    on("packets", ({ in: heard, out }) => Object.assign(this.root.dataset, { packetsIn: heard, packetsOut: out }));
    on("problem", ({ kind, text }) => {
      if (text) this.problems.set(kind, text);
      else this.problems.delete(kind);
      this.show();
    });
    on("ended", ({ text }) => text && window.hotlineToast(text));
  }

  show() {
    const { state, registered, call } = this.phone;
    const { listening, listeningTo, listeningSince } = document.getElementById("board").dataset;
    Object.assign(this.root.dataset, { state, registered: registered ? "yes" : "no", mode: listening });
    // In the one line that is always there: a message that pushed the board down would move it.
    const trouble = [...this.problems.values()].join(" ");
    const words = trouble || `您的分机 ${this.extension} ${registered ? "已连接" : "正在连接…"}`;
    if (this.line.textContent !== words) this.line.textContent = words;
    this.line.classList.toggle("ear-trouble", Boolean(trouble));
    this.now.hidden = !listening;
    if (listening) {
      this.now.querySelector("[data-ear=mode]").textContent = MODES[listening];
      this.now.querySelector("[data-ear=agent]").textContent = listeningTo;
      this.now.querySelector("[data-ear=time]").textContent = sinceText(listeningSince);
      for (const one of this.now.querySelectorAll("[data-mode]")) one.setAttribute("aria-pressed", String(one.dataset.mode === listening));
    }
    const own = !listening && state !== "idle";
    this.call.hidden = !own;
    if (own) document.getElementById("ear-caller").textContent = `${state === "ringing" ? "来电" : "通话中"} ${call?.caller ?? ""}`;
    document.getElementById("ear-answer").hidden = state !== "ringing";
    document.getElementById("ear-hangup").hidden = state === "idle";
  }

  async pressed(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === "ear-answer") this.phone.answer();
    if (button.id === "ear-hangup") this.phone.hangUp();
    const order = button.dataset.mode ? ["/wallboard/mode", { mode: button.dataset.mode }] : button.matches("[data-stop]") ? ["/wallboard/stop", {}] : null;
    if (!order) return;
    try {
      const said = await post(...order);
      window.hotlineToast(said.message);
    } catch (error) {
      window.hotlineToast(error.message);
    }
    board.changed();
  }
}

const board = new Board(document.getElementById("board"));
const dialog = document.getElementById("seat-sheet");
const sheet = dialog && new Sheet(dialog);
const ear = document.getElementById("ear");
if (ear?.dataset.acting === "yes") new Ear(ear);
document.querySelector("[data-tell-all]")?.addEventListener("click", () => sheet.open(""));
setInterval(tick, 1000);
tick();
