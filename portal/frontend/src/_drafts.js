// Keeps what is typed: at once in the browser, two seconds later on the server.
const QUIET_MS = 2000;
const RETRY_MS = 4000;
const LATE_MS = 2000;
const OUT_OF_FORM = new Set(["csrf", "contact_id", "again", "action"]);

const timeOfDay = () => new Date().toLocaleTimeString("zh-CN", { hour12: false });
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export class Drafts {
  constructor(staff, post) {
    this.prefix = `hotline-draft-${staff}-`;
    this.post = post;
    this.form = null;
    this.pending = null;
    this.lately = new Map(); // what the server took lately, by form: one read before may lack it
    this.leaving = false;
    document.addEventListener("input", ({ target }) => this.typed(target));
    document.addEventListener("change", ({ target }) => this.typed(target));
    document.addEventListener("focusout", ({ target }) => {
      if (this.dirty && this.form && target.form === this.form) this.save();
    });
    this.sendLeftovers();
  }

  /**
   * Follow another form, asked for at a moment of performance.now(). A copy that reached the
   * server later than that, or never, comes back into it.
   */
  watch(form, subject, asked) {
    clearTimeout(this.timer);
    this.form = form;
    this.subject = subject;
    this.dirty = false;
    for (const [name, { taken }] of this.lately) if (taken < asked) this.lately.delete(name);
    const copy = form ? (this.copyOf(subject) ?? this.lately.get(subject)) : null;
    if (!copy || "refused" in form.dataset) return;
    if (same(copy.fields, this.fields())) {
      this.taken(subject, copy.fields);
      return;
    }
    for (const element of form.elements) this.fill(element, copy.fields);
    this.say(`已恢复本机保存的内容（${copy.at}）`, "local");
    form.dispatchEvent(new CustomEvent("suggest"));
    this.dirty = true;
    this.soon();
  }

  fill(element, fields) {
    if (!element.name || OUT_OF_FORM.has(element.name)) return;
    if (["checkbox", "radio"].includes(element.type)) {
      element.checked = fields[element.name] === element.value;
    } else if (element.name in fields) {
      element.value = fields[element.name];
    }
  }

  typed(target) {
    if (!this.form || target.form !== this.form) return;
    this.dirty = true;
    this.leaving = false;
    this.keepLocal();
    this.soon();
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), QUIET_MS);
  }

  async save() {
    clearTimeout(this.timer);
    if (!this.form || !this.dirty) return;
    const { form, subject } = this;
    const fields = this.fields();
    this.dirty = false;
    const body = new FormData(form);
    // One after the other: an older text that arrives last would stand.
    const sending = Promise.resolve(this.pending)
      .catch(() => {})
      .then(() => this.post("/agent/draft", body));
    this.pending = sending;
    try {
      const { saved_at } = await sending;
      if (form !== this.registered) this.taken(subject, fields);
      if (this.form !== form) return;
      this.say(`自动保存 ${saved_at}`, "saved");
    } catch (error) {
      if (this.form !== form) return;
      this.dirty = true;
      this.say(`已存在本机，还没有送到服务器：${error.message}`, "local");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), RETRY_MS);
    } finally {
      if (this.pending === sending) this.pending = null;
    }
  }

  /** Wait for the draft that is on its way: arriving after the form, it would come back as new. */
  async settled() {
    clearTimeout(this.timer);
    const late = new Promise((done) => setTimeout(done, LATE_MS));
    await Promise.race([Promise.resolve(this.pending).catch(() => {}), late]);
    this.pending = null;
  }

  /** Send now, because the form is about to leave the page. */
  flush() {
    if (this.dirty) this.save();
  }

  /** The page closes: a last try that outlives it; the local copy stays until a page confirms. */
  leave(csrf) {
    if (!this.form || !this.dirty) return;
    fetch("/agent/draft", {
      method: "POST",
      body: new URLSearchParams(new FormData(this.form)),
      headers: { "X-CSRF-Token": csrf },
      keepalive: true,
    }).catch(() => {});
  }

  /** It was registered: nothing is left to restore. */
  sent() {
    clearTimeout(this.timer);
    this.dirty = false;
    if (this.subject) localStorage.removeItem(this.prefix + this.subject);
    this.lately.delete(this.subject);
    this.registered = this.form;
    this.form = null;
  }

  keepLocal() {
    if (!this.form) return;
    const copy = JSON.stringify({ at: timeOfDay(), fields: this.fields() });
    try {
      localStorage.setItem(this.prefix + this.subject, copy);
    } catch {
      this.say("浏览器的本机存储已满，内容只存在服务器", "local");
    }
  }

  copyOf(subject) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + subject));
    } catch {
      return null;
    }
  }

  /**
   * The server has it: no personal data stays in the browser, but for a page on its way out.
   * The next page may have been read before the server had it.
   */
  taken(subject, fields) {
    const at = timeOfDay();
    this.lately.set(subject, { at, fields, taken: performance.now() });
    const copy = this.copyOf(subject);
    if (!this.leaving && copy && same(copy.fields, fields)) {
      localStorage.removeItem(this.prefix + subject);
    }
  }

  fields() {
    const entries = [...new FormData(this.form)];
    return Object.fromEntries(entries.filter(([name]) => !OUT_OF_FORM.has(name)));
  }

  /** Copies of forms that are not on the screen, left by a crash: send them, they wait as drafts. */
  async sendLeftovers() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
    for (const key of keys) {
      const subject = key.slice(this.prefix.length);
      const copy = this.copyOf(subject);
      const [, kind, id] = subject.match(/^(contact|again|manual)-?(\d*)$/) || [];
      if (!copy || !kind) {
        localStorage.removeItem(key);
        continue;
      }
      if (subject === this.subject) continue;
      const body = { ...copy.fields, contact_id: id || "", again: kind === "again" ? "1" : "" };
      await this.post("/agent/draft", body).then(
        () => this.taken(subject, copy.fields),
        () => {},
      );
    }
  }

  say(words, state) {
    const place = document.getElementById("autosave");
    if (!place) return;
    place.textContent = words;
    place.dataset.state = state;
  }
}
