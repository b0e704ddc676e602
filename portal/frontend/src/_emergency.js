// Two keys to 110, 119, 120 and 122: F8 and the number of the line.
const RESULTS = {
  busy: "占线",
  no_answer: "无人接听",
  failed: "没有打通",
};

export class Emergency {
  constructor(dock, post, page) {
    this.dock = dock;
    this.post = post;
    this.page = page;
    this.asked = null;
    document.addEventListener("click", ({ target }) => {
      const button = target.closest("#emergency [data-emergency]");
      if (button) this.call(button);
    });
    document.addEventListener("hotline:brought_in", ({ detail }) => this.result(detail));
    document.addEventListener("input", ({ target }) => target.name === "content" && this.hint(target.value));
  }

  get sheet() {
    return document.getElementById("emergency");
  }

  /** The line's own way while the caller is there; afterwards only the record is left to make. */
  press(line) {
    const row = this.sheet?.querySelectorAll(".emergency-line")[line - 1];
    if (!row) return;
    if (this.dock.live) this.call(row.querySelector("[data-emergency]"));
    else row.querySelector("button[type=submit]").click();
  }

  async call(button) {
    const { emergency, way, label } = button.dataset;
    if (!this.dock.live) {
      this.dock.tell("join", "来电人已经不在线上：请用“只登记”，需要时另行拨打。", 12000);
      return;
    }
    this.asked = label;
    const staying = way === "three_way" ? "接通后三方通话" : "接通后您退出，接不通则仍由您接听";
    this.dock.tell("join", `正在接通${label}…${staying}`);
    this.sheet.hidden = true;
    try {
      await this.post("/agent/emergency", { contact_id: this.page.contact(), line: emergency, way });
    } catch (error) {
      this.asked = null;
      this.dock.tell("join", error.message);
    }
  }

  result({ contact_id, extension, state }) {
    if (extension !== this.dock.extension) return;
    const who = this.asked || "对方";
    this.asked = null;
    if (state !== "answered") {
      const why = RESULTS[state] || "没有接通";
      this.dock.tell("join", `${who}${why}，来电人仍由您接听；请再试一次，或用其他电话拨打。`);
      return;
    }
    this.dock.tell("join", `${who}已接通`, 8000);
    this.page.joined(contact_id);
  }

  /** A word of danger in what is being written points at its line. */
  hint(words) {
    const place = document.getElementById("emergency-hint");
    if (!place || !this.sheet) return;
    const rows = [...this.sheet.querySelectorAll(".emergency-line")];
    const found = rows.findIndex((row) => row.dataset.words.split(" ").some((word) => word && words.includes(word)));
    place.hidden = found < 0;
    if (found < 0) return;
    const { label } = rows[found].querySelector("[data-emergency]").dataset;
    place.textContent = `疑似紧急：按 F8 再按 ${found + 1} 转${label}`;
  }
}
