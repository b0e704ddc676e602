// The dock at the left: shows the telephone and the seat, and has their buttons.
const STATES = { ringing: "来电", talking: "通话中", held: "已保持" };
const GONE_AFTER_MS = 8000;

export class Dock {
  constructor(element, phone, post) {
    this.element = element;
    this.phone = phone;
    this.post = post;
    this.extension = element.dataset.extension;
    this.seat = element.dataset.seat;
    this.seatLabel = element.dataset.seatLabel;
    this.seatSince = Date.parse(element.dataset.seatSince) || null;
    this.wrappingUp = element.dataset.wrapUp === "yes";
    this.problems = new Map();
    this.bell = new Bell();
    this.meter = new Meter(this.part("dock-level"));
    this.listenToPhone();
    this.listenToPage();
    setInterval(() => this.tick(), 500);
    this.draw();
  }

  part(id) {
    return document.getElementById(id);
  }

  button(name) {
    return this.element.querySelector(`[data-phone=${name}]`);
  }

  listenToPhone() {
    const on = (name, action) => this.phone.addEventListener(name, ({ detail }) => action(detail));
    on("change", () => this.draw());
    on("incoming", (call) => {
      this.since = Date.now();
      this.who(call);
      this.bell.ring();
      this.element.dataset.callUuid = call.uuid;
      this.part("dock-dialled").value = "";
      this.mark(call.uuid, "振铃中", "ring");
    });
    on("answered", (call) => {
      this.since = Date.now();
      this.bell.stop();
      this.counted({ in: 0, out: 0, lost: 0 });
      if (call.test) this.who(call);
      this.mark(call.uuid, "通话中", "live");
      this.meter.follow(this.phone.microphone);
    });
    on("ended", (call) => {
      this.bell.stop();
      this.meter.stop();
      this.who(null);
      this.toggleKeypad(false);
      this.part("dock-quality").textContent = "";
      this.mark(call.uuid, "通话已结束", "over");
      if (call.text) this.tell("call", call.text, GONE_AFTER_MS);
    });
    on("problem", ({ kind, text }) => this.tell(kind, text));
    on("devices", () => this.listDevices());
    on("packets", (packets) => {
      this.part("dock-quality").textContent = quality(this.packets, packets);
      this.counted(packets);
    });
  }

  listenToPage() {
    const actions = {
      answer: () => this.phone.answer(),
      hangup: () => this.phone.hangUp(),
      hold: () => this.phone.hold(),
      mute: () => this.phone.mute(),
      keypad: () => this.toggleKeypad(),
      test: () => this.phone.testSound(),
    };
    this.element.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (!button) return;
      actions[button.dataset.phone]?.();
      if (button.dataset.digit) this.press(button.dataset.digit);
      if (button.dataset.seatState === "ready") this.ready();
      if (button.dataset.seatState === "signed_out") this.take("signed_out");
    });
    this.part("dock-reason").addEventListener("change", ({ target }) => {
      this.take("paused", target.value);
      target.value = "";
      target.blur();
    });
    this.part("dock-microphone").addEventListener("change", ({ target }) =>
      this.phone.chooseMicrophone(target.value),
    );
    this.part("dock-speaker").addEventListener("change", ({ target }) =>
      this.phone.speaker(target.value),
    );
    this.element.querySelector(".dock-devices").addEventListener("toggle", () => this.listDevices());
  }

  counted(packets) {
    this.packets = packets;
    this.element.dataset.packetsIn = packets.in;
    this.element.dataset.packetsOut = packets.out;
  }

  /** Keep the call's mark in the panel in step with the telephone. */
  mark(uuid, words, state) {
    const mark = document.getElementById("call-mark");
    if (!uuid || document.getElementById("agent-panel").dataset.callUuid !== uuid || !mark) return;
    mark.textContent = words;
    mark.className = `call-mark call-mark-${state}`;
  }

  press(digit) {
    this.phone.press(digit);
    this.part("dock-dialled").value += digit;
  }

  toggleKeypad(open = this.part("dock-keypad").hidden) {
    const usable = open && this.phone.state === "talking";
    this.part("dock-keypad").hidden = !usable;
    this.button("keypad").setAttribute("aria-expanded", String(usable));
  }

  /** Become ready, but only with a microphone that works: a silent agent helps nobody. */
  async ready() {
    if (this.phone.state === "idle") {
      if (!(await this.phone.openMicrophone())) return;
      this.phone.release();
      this.bell.unlock();
    }
    await this.take("ready");
  }

  async take(state, reason = "") {
    try {
      const seat = await this.post("/agent/seat", { state, reason });
      this.seated(seat);
      this.tell("seat", seat.message || null);
    } catch (error) {
      this.tell("seat", error.message);
    }
  }

  async refresh() {
    try {
      const response = await fetch("/agent/seat", { headers: { Accept: "application/json" } });
      if (response.ok) this.seated(await response.json());
    } catch {
      // The bar at the top says that the link is lost; the seat stays as last known.
    }
  }

  seated(seat) {
    this.seat = seat.state;
    this.seatLabel = seat.label;
    this.seatSince = Date.parse(seat.since) || null;
    this.wrappingUp = seat.wrapping_up;
    this.draw();
  }

  who(call) {
    const place = this.part("dock-who");
    place.textContent = call ? call.caller : "";
    if (call?.line) {
      const line = document.createElement("small");
      line.textContent = call.line;
      place.append(line);
    }
  }

  /** Show a problem of a kind until it is solved (text null) or its time is over. */
  tell(kind, text, gone = 0) {
    if (text) this.problems.set(kind, text);
    else if (!this.problems.delete(kind)) return;
    if (text && gone) setTimeout(() => this.problems.get(kind) === text && this.tell(kind, null), gone);
    const list = this.part("dock-problems");
    list.replaceChildren(
      ...[...this.problems].map(([name, words]) => {
        const line = document.createElement("p");
        line.dataset.problem = name;
        line.textContent = words;
        return line;
      }),
    );
  }

  draw() {
    const { state, muted, registered } = this.phone;
    const call = state !== "idle";
    const talking = state === "talking" || state === "held";
    Object.assign(this.element.dataset, {
      state,
      seat: this.seat,
      muted: muted ? "yes" : "no",
      registered: registered ? "yes" : "no",
      wrapUp: this.wrappingUp ? "yes" : "no",
    });
    const test = this.phone.call?.test && call;
    this.part("dock-state").textContent = test ? "试音中" : STATES[state] || this.seatLabel;
    this.button("answer").disabled = state !== "ringing";
    this.button("hangup").disabled = !call;
    this.word("hangup", state === "ringing" ? "拒接" : "挂断");
    for (const name of ["hold", "mute"]) this.button(name).disabled = !talking;
    this.button("keypad").disabled = state !== "talking";
    this.button("test").disabled = call || !registered;
    this.word("hold", state === "held" ? "恢复" : "保持");
    this.word("mute", muted ? "取消静音" : "静音");
    this.button("hold").setAttribute("aria-pressed", String(state === "held"));
    this.button("mute").setAttribute("aria-pressed", String(muted));
    this.element.querySelector(".dock-ready").setAttribute("aria-pressed", String(this.seat === "ready"));
    this.element.querySelector(".dock-out").disabled = this.seat === "signed_out";
    this.part("dock-link").dataset.on = registered ? "yes" : "no";
    if (!call) Object.assign(this.element.dataset, { callUuid: "" });
    this.tick();
  }

  word(name, text) {
    this.button(name).querySelector("[data-word]").textContent = text;
  }

  tick() {
    const from = this.phone.state === "idle" ? this.seatSince : this.since;
    this.part("dock-timer").textContent = from ? clock(Date.now() - from) : "--:--";
  }

  async listDevices() {
    if (!this.element.querySelector(".dock-devices").open) return;
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    this.options("dock-microphone", devices, "audioinput", this.phone.input);
    this.options("dock-speaker", devices, "audiooutput", localStorage.getItem("hotline-speaker") || "");
  }

  options(id, devices, kind, chosen) {
    const found = devices.filter((device) => device.kind === kind && device.deviceId !== "default");
    const choices = [new Option("系统默认", "", false, chosen === "")];
    for (const [index, device] of found.entries()) {
      const name = device.label || `设备 ${index + 1}`;
      choices.push(new Option(name, device.deviceId, false, device.deviceId === chosen));
    }
    this.part(id).replaceChildren(...choices);
  }
}

function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds < 3600 ? minutes : `${Math.floor(seconds / 3600)}:${minutes}`;
}

/** A word for the last second, once there is a second's worth of packets (50) to judge by. */
function quality(before, now) {
  if (before.in < 50) return "";
  const got = now.in - before.in;
  const missed = Math.max(0, now.lost - before.lost);
  if (got === 0) return "没有声音传来";
  const share = missed / (got + missed);
  return share > 0.1 ? "通话质量差" : share > 0.02 ? "通话质量一般" : "";
}

/** A soft double tone until somebody answers. */
class Bell {
  unlock() {
    // Browsers let a page sound only after a press; becoming ready is one.
    this.context ??= new AudioContext();
    this.context.resume();
  }

  ring() {
    this.stop();
    this.unlock();
    const strike = () => {
      for (const [offset, pitch] of [[0, 740], [0.22, 587]]) this.tone(offset, pitch);
    };
    strike();
    this.timer = setInterval(strike, 2000);
  }

  tone(offset, pitch) {
    const start = this.context.currentTime + offset;
    const source = this.context.createOscillator();
    const volume = this.context.createGain();
    source.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.12, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.2);
    source.connect(volume).connect(this.context.destination);
    source.start(start);
    source.stop(start + 0.22);
  }

  stop() {
    clearInterval(this.timer);
  }
}

/** How loud the microphone is. */
class Meter {
  constructor(element) {
    this.element = element;
  }

  follow(stream) {
    this.stop();
    if (!stream) return;
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 512;
    this.context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      this.element.value = Math.min(1, Math.sqrt(power) * 4);
    }, 100);
  }

  stop() {
    clearInterval(this.timer);
    this.context?.close();
    this.context = null;
    this.element.value = 0;
  }
}
