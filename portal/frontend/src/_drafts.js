// Keeps what is typed: at once in the browser, two seconds later on the server.
const QUIET_MS = 2000;
const RETRY_MS = 4000;
const LATE_MS = 2000;
const OUT_OF_FORM = new Set(["csrf", "contact_id", "again", "action"]);

export class Drafts {
  constructor(staff, post) {
    this.prefix = `hotline-draft-${staff}-`;
    this.post = post;
    this.form = null;
    this.pending = null;
    document.addEventListener("input", ({ target }) => this.typed(target));
    document.addEventListener("change", ({ target }) => this.typed(target));
    document.addEventListener("focusout", ({ target }) => {
      if (this.dirty && this.form && target.form === this.form) this.save();
    });
    this.sendLeftovers();
  }

  /** Follow another form; a copy that never reached the server comes back into it. */
  watch(form, subject) {
    clearTimeout(this.timer);
    this.form = form;
    this.subject = subject;
    this.dirty = false;
    const copy = form ? this.copyOf(subject) : null;
    if (!copy || "refused" in form.dataset) return;
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
    try {
      this.pending = this.post("/agent/draft", new FormData(form));
      const { saved_at } = await this.pending;
      if (this.form !== form) {
        this.forget(subject, fields);
        return;
      }
      if (!this.dirty) this.forget(subject, fields);
      this.say(`自动保存 ${saved_at}`, "saved");
    } catch (error) {
      if (this.form !== form) return;
      this.dirty = true;
      this.say(`已存在本机，还没有送到服务器：${error.message}`, "local");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), RETRY_MS);
    } finally {
      this.pending = null;
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
    this.form = null;
  }

  keepLocal() {
    if (!this.form) return;
    const at = new Date().toLocaleTimeString("zh-CN", { hour12: false });
    const copy = JSON.stringify({ at, fields: this.fields() });
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

  /** The server has it: no personal data stays in the browser. */
  forget(subject, fields) {
    const copy = this.copyOf(subject);
    if (copy && JSON.stringify(copy.fields) === JSON.stringify(fields)) {
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
        () => this.forget(subject, copy.fields),
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
