// The recording player: citizen above, agent below; click to seek, keys, speeds, words that jump.
// Without this script the page shows the browser's own <audio>.
const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const STEP = 5; // seconds an arrow key moves
const NAMES = ["来电人", "话务员"];

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function button(label, text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "player-button";
  made.setAttribute("aria-label", label);
  made.title = label;
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

class Player {
  constructor(box) {
    this.box = box;
    this.audio = box.querySelector("audio");
    this.peaks = JSON.parse(box.dataset.peaks || "[]");
    this.masks = JSON.parse(box.dataset.masks || "[]");
    this.known = Number(box.dataset.seconds || 0);
    this.wish = null; // where to begin once the sound is there
    if (!this.peaks.length || !this.known) return; // nothing to draw: the browser's player stays
    this.build();
    this.listen();
    this.draw();
  }

  get length() {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : this.known;
  }

  get at() {
    return this.wish ?? this.audio.currentTime;
  }

  build() {
    this.audio.controls = false;
    this.audio.preservesPitch = true;
    this.toggle = button("播放（空格）", "▶", () => this.playOrPause());
    this.toggle.classList.add("player-toggle");
    this.wave = document.createElement("canvas");
    this.wave.className = "player-wave";
    this.wave.tabIndex = 0;
    this.wave.setAttribute("role", "slider");
    this.wave.setAttribute("aria-label", "播放位置");
    this.wave.setAttribute("aria-valuemin", "0");
    this.wave.setAttribute("aria-valuemax", String(Math.round(this.length)));
    const lanes = document.createElement("div");
    lanes.className = "player-lanes";
    for (const name of this.peaks.length > 1 ? NAMES : [NAMES[0]]) {
      lanes.append(Object.assign(document.createElement("span"), { textContent: name }));
    }
    const row = document.createElement("div");
    row.className = "player-row";
    row.append(lanes, this.wave);
    this.time = Object.assign(document.createElement("span"), { className: "player-time num" });
    this.speeds = document.createElement("span");
    this.speeds.className = "player-speeds";
    this.speeds.setAttribute("role", "group");
    this.speeds.setAttribute("aria-label", "播放速度");
    for (const speed of SPEEDS) {
      const one = button(`${speed} 倍速`, `${speed}×`, () => this.setSpeed(speed));
      one.dataset.speed = speed;
      this.speeds.append(one);
    }
    const bar = document.createElement("div");
    bar.className = "player-bar";
    bar.append(this.toggle, this.time, this.speeds);
    this.trouble = Object.assign(document.createElement("p"), { className: "player-trouble", hidden: true });
    this.trouble.setAttribute("role", "alert");
    this.audio.before(row, bar, this.trouble);
    this.box.classList.add("player-ready");
    this.setSpeed(1);
  }

  listen() {
    for (const name of ["timeupdate", "seeked", "loadedmetadata", "play", "pause", "ended"]) {
      this.audio.addEventListener(name, () => this.draw());
    }
    this.audio.addEventListener("loadedmetadata", () => {
      if (this.wish !== null) this.audio.currentTime = this.wish;
      this.wish = null;
    });
    this.audio.addEventListener("play", () => this.follow());
    this.audio.addEventListener("error", () => {
      this.trouble.textContent = "录音不能播放：文件可能尚未入库，或您的登录已过期。请刷新页面后再试";
      this.trouble.hidden = false;
    });
    this.wave.addEventListener("pointerdown", (event) => {
      const seekAt = (e) => {
        const frame = this.wave.getBoundingClientRect();
        this.seek(((e.clientX - frame.left) / frame.width) * this.length);
      };
      this.wave.setPointerCapture(event.pointerId);
      this.wave.onpointermove = seekAt;
      this.wave.onpointerup = this.wave.onpointercancel = () => (this.wave.onpointermove = null);
      seekAt(event);
    });
    this.box.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.wave);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    const words = this.box.querySelector("[data-words]");
    words?.addEventListener("toggle", () => words.open && this.readWords(words));
    words?.addEventListener("click", (event) => {
      const said = event.target.closest("[data-at]");
      if (!said) return;
      this.seek(Number(said.dataset.at));
      this.play();
    });
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("summary, a")) return;
    const onButton = event.target.matches("button");
    const act = {
      " ": onButton ? null : () => this.playOrPause(),
      ArrowLeft: () => this.seek(this.at - STEP),
      ArrowRight: () => this.seek(this.at + STEP),
      ArrowUp: () => this.faster(1),
      ArrowDown: () => this.faster(-1),
      Home: () => this.seek(0),
      End: () => this.seek(this.length),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  seek(seconds) {
    const to = Math.min(Math.max(0, seconds), this.length);
    if (this.audio.readyState > 0) {
      this.audio.currentTime = to;
    } else {
      this.wish = to;
      this.audio.load();
      this.audio.preload = "metadata";
    }
    this.draw();
  }

  playOrPause() {
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  play() {
    for (const other of document.querySelectorAll("[data-player] audio")) if (other !== this.audio) other.pause();
    this.trouble.hidden = true;
    this.audio.play().catch(() => {}); // the error event says what is wrong
  }

  setSpeed(speed) {
    this.audio.defaultPlaybackRate = this.audio.playbackRate = speed;
    for (const one of this.speeds.children) one.setAttribute("aria-pressed", String(Number(one.dataset.speed) === speed));
  }

  faster(by) {
    const now = SPEEDS.indexOf(this.audio.playbackRate);
    this.setSpeed(SPEEDS[Math.min(Math.max(0, now + by), SPEEDS.length - 1)]);
  }

  follow() {
    if (this.audio.paused) return;
    this.draw();
    requestAnimationFrame(() => this.follow());
  }

  async readWords(details) {
    if (details.dataset.read) return;
    const box = details.querySelector(".words-box");
    try {
      const answer = await fetch(details.dataset.words, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      box.innerHTML = await answer.text();
      details.dataset.read = "1";
    } catch {
      box.textContent = "转写文字读取失败，请收起后再试";
    }
  }

  draw() {
    const style = getComputedStyle(this.wave);
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [this.wave.clientWidth, this.wave.clientHeight];
    if (!width) return;
    if (this.wave.width !== Math.round(width * scale) || this.wave.height !== Math.round(height * scale)) {
      this.wave.width = Math.round(width * scale);
      this.wave.height = Math.round(height * scale);
    }
    const paint = this.wave.getContext("2d");
    paint.setTransform(scale, 0, 0, scale, 0, 0);
    paint.clearRect(0, 0, width, height);
    const done = this.at / this.length;
    this.lanes(paint, width, height, done, style);
    this.grey(paint, width, height, style);
    paint.fillStyle = style.getPropertyValue("color");
    paint.fillRect(Math.min(done * width, width - 1.5), 0, 1.5, height);
    this.tell();
  }

  lanes(paint, width, height, done, style) {
    const lane = height / this.peaks.length;
    const bars = Math.max(1, Math.floor(width / 3));
    const [spoken, ahead] = [style.accentColor, style.caretColor];
    this.peaks.forEach((peaks, channel) => {
      const middle = lane * (channel + 0.5);
      for (let bar = 0; bar < bars; bar += 1) {
        const from = Math.floor((bar / bars) * peaks.length);
        const to = Math.max(from + 1, Math.floor(((bar + 1) / bars) * peaks.length));
        const loud = Math.sqrt(Math.max(...peaks.slice(from, to)) / 100); // quiet voices stay visible
        const tall = Math.max(1, loud * (lane - 6));
        paint.fillStyle = bar / bars < done ? spoken : ahead;
        paint.fillRect((bar / bars) * width, middle - tall / 2, 2, tall);
      }
    });
  }

  grey(paint, width, height, style) {
    for (const [start, end] of this.masks) {
      const [x, wide] = [(start / this.length) * width, Math.max(3, ((end - start) / this.length) * width)];
      paint.fillStyle = style.outlineColor;
      paint.fillRect(x, 0, wide, height);
      if (wide < 40) continue;
      paint.fillStyle = style.color;
      paint.font = `12px ${style.fontFamily}`;
      paint.textAlign = "center";
      paint.textBaseline = "middle";
      paint.fillText("已遮蔽", x + wide / 2, height / 2);
    }
  }

  tell() {
    const playing = !this.audio.paused && !this.audio.ended;
    const label = playing ? "暂停（空格）" : "播放（空格）";
    if (this.toggle.title !== label) {
      this.toggle.textContent = playing ? "❚❚" : "▶";
      this.toggle.title = label;
      this.toggle.setAttribute("aria-label", label);
    }
    this.time.textContent = `${clock(this.at)} / ${clock(this.length)}`;
    this.wave.setAttribute("aria-valuenow", String(Math.round(this.at)));
    this.wave.setAttribute("aria-valuetext", `${clock(this.at)}，共 ${clock(this.length)}`);
    for (const said of this.box.querySelectorAll("[data-at]")) {
      const now = this.at >= Number(said.dataset.at) && this.at < Number(said.dataset.until);
      if (now !== said.hasAttribute("aria-current")) said.toggleAttribute("aria-current", now);
    }
  }
}

function begin(root) {
  for (const box of root.querySelectorAll("[data-player]:not([data-begun])")) {
    box.dataset.begun = "1";
    new Player(box);
  }
}

begin(document);
// Parts of a page are exchanged while it is open: a new player there begins too.
new MutationObserver(() => begin(document)).observe(document.body, { childList: true, subtree: true });
