// Handing a caller on: whom to ask, the consultation, three who talk; all of it by keys.
const DIGITS = /^\+?[\d\s-]{3,20}$/;

export class Transfer {
  constructor(phone, dock, post, contact) {
    this.phone = phone;
    this.dock = dock;
    this.post = post;
    this.contact = contact;
    this.dialog = document.getElementById("transfer");
    this.list = document.getElementById("transfer-list");
    this.sought = document.getElementById("transfer-sought");
    this.sought.addEventListener("input", () => this.draw());
    this.dialog.addEventListener("click", ({ target }) => this.pressed(target.closest("[data-how]")));
    this.dialog.addEventListener("keydown", (event) => this.key(event));
    document.getElementById("transfer-close").addEventListener("click", () => this.dialog.close());
    phone.addEventListener("change", () => dock.live || this.dialog.close());
    phone.addEventListener("aside", ({ detail }) => this.asideChanged(detail.text));
    phone.addEventListener("handed", ({ detail }) => dock.tell("join", `已转给${detail.to}`, 6000));
  }

  /** Open the list, or, while a colleague is asked, hand the caller to him. */
  async open() {
    if (!this.dock.live) return;
    if (this.phone.aside) {
      this.complete();
      return;
    }
    this.people = [];
    this.queues = [];
    this.sought.value = "";
    this.say("正在读取同事的状态…");
    this.dialog.showModal();
    this.sought.focus();
    try {
      const response = await fetch("/agent/colleagues", { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(`${response.status}`);
      Object.assign(this, await response.json());
      this.draw();
    } catch {
      this.say("没有读到同事的状态：请检查网络，或直接输入分机号。");
    }
  }

  say(words) {
    const line = document.createElement("p");
    line.className = "transfer-empty";
    line.textContent = words;
    this.list.replaceChildren(line);
  }

  draw() {
    const sought = this.sought.value.trim();
    const fits = ({ extension, name }) => !sought || `${extension} ${name}`.includes(sought);
    const rows = this.people.filter(fits).map((one) => this.person(one));
    const number = sought.replace(/[\s-]/g, "");
    if (DIGITS.test(sought) && !this.people.some(({ extension }) => extension === number)) {
      rows.push(this.row(number, "外部号码", "", [["three", "三方通话"]]));
    }
    if (!sought && this.phone.talking) rows.push(...this.queues.map((queue) => this.queue(queue)));
    if (rows.length) this.list.replaceChildren(...rows);
    else this.say("没有签入的同事符合；可输入完整号码发起三方通话。");
  }

  person({ extension, name, label, free }) {
    const ways = [["three", "三方"]];
    // A telephone on the desk hands on by its own keys; only three can talk from here.
    if (this.phone.talking) ways.unshift(["consult", "先咨询"], ["blind", "直接转"]);
    const row = this.row(extension, name, label, ways);
    row.dataset.free = free ? "yes" : "no";
    return row;
  }

  queue({ code, label }) {
    return this.row(`queue_${code}`, label, "排在前面", [["blind", "放回队列"]]);
  }

  row(target, name, label, ways) {
    const row = document.createElement("div");
    row.className = "transfer-row";
    Object.assign(row.dataset, { target, name });
    const who = document.createElement("span");
    who.className = "transfer-name";
    who.textContent = target.startsWith("queue_") ? name : `${name} ${target}`;
    const state = document.createElement("span");
    state.className = "transfer-state";
    state.textContent = label;
    const buttons = ways.map(([how, words]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn";
      button.dataset.how = how;
      button.textContent = words;
      return button;
    });
    row.append(who, state, ...buttons);
    return row;
  }

  pressed(button) {
    if (!button) return;
    const { target, name } = button.closest(".transfer-row").dataset;
    this.dialog.close();
    if (button.dataset.how === "blind") this.phone.handOn(target, name);
    if (button.dataset.how === "consult") this.phone.consult(target, name);
    if (button.dataset.how === "three") this.join(target, name);
  }

  /** Arrows go from row to row, Enter in the field takes the first one's first way. */
  key(event) {
    if (event.key === "Enter" && event.target === this.sought) {
      event.preventDefault();
      this.pressed(this.list.querySelector("[data-how]"));
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const firsts = [...this.list.querySelectorAll(".transfer-row")].map((row) => row.querySelector("button"));
    const here = firsts.findIndex((button) => button.parentElement.contains(document.activeElement));
    const next = here + step;
    (next < 0 ? this.sought : firsts[Math.min(next, firsts.length - 1)])?.focus();
  }

  /** Three talk; a colleague who is being asked joins at once. */
  async join(target, name) {
    this.dock.tell("join", `正在接通${name} ${target}，接通后三方通话…`);
    try {
      await this.post("/agent/join", { contact_id: this.contact(), number: target });
    } catch (error) {
      this.dock.tell("join", error.message, 12000);
    }
  }

  /** Alt+G: whoever is asked now joins; with nobody there, choose somebody. */
  three() {
    const { aside } = this.phone;
    if (aside?.state === "talking") this.join(aside.target, aside.name);
    else this.open();
  }

  complete() {
    this.phone.completeAside();
  }

  asideChanged(text) {
    if (text) this.dock.tell("join", text, 12000);
    else if (!this.phone.aside) this.dock.tell("join", null);
    this.dock.drawAside();
  }
}
