// The dock at the left: shows the telephone and the seat, and has their buttons.
import { Bell, Meter } from "./_sounds.js";

const STATES = { ringing: "来电", talking: "通话中", held: "已保持" };
const GONE_AFTER_MS = 8000;
const MASKED_MOST_S = 60; // an identity number is read out in less; nobody forgets to switch it off

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
    this.limitAt = Date.parse(element.dataset.seatLimit) || null;
    this.maskedUntil = null;
    phone.autoAnswer = element.dataset.autoAnswer === "yes";
    this.contact = () => "";
    this.transfer = null; // set by the page, which knows the call at hand
    this.listenToPhone();
    this.listenToPage();
    setInterval(() => this.tick(), 500);
    this.draw();
  }

  part(id) {
    return document.getElementById(id);
  }

  /** Whether a caller is on the line, here or at the telephone on the agent's desk. */
  get live() {
    if (this.phone.talking) return !this.phone.call?.test;
    const elsewhere = this.part("dock-device")?.value;
    return Boolean(elsewhere && document.querySelector("#call-mark.call-mark-live"));
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
      if (call.auto) this.bell.once();
      else this.bell.ring();
      this.element.dataset.callUuid = call.uuid;
      this.part("dock-dialled").value = "";
      this.mark(call.uuid, "振铃中", "ring");
    });
    on("answered", (call) => {
      this.since = Date.now();
      this.bell.stop();
      this.counted({ in: 0, out: 0, lost: 0 });
      if (call.test) this.who(call);
      if (call.auto === "resumed") {
        this.tell("call", "通话已恢复，请继续", GONE_AFTER_MS);
        // The clock of a silence went with the old page.
        this.post("/agent/mask", { contact_id: this.contact(), on: "no" }).catch(() => {});
      }
      if (call.auto === "returned") this.tell("call", "没有人接转出的来电，已回到您这里", GONE_AFTER_MS);
      this.mark(call.uuid, "通话中", "live");
      this.meter.follow(this.phone.microphone);
    });
    on("ended", (call) => {
      this.bell.stop();
      this.meter.stop();
      this.who(null);
      this.toggleKeypad(false);
      this.unmasked();
      this.drawAside();
      this.part("dock-quality").textContent = "";
      this.mark(call.uuid, "通话已结束", "over");
      if (call.text) this.tell("call", call.text, GONE_AFTER_MS);
    });
    on("problem", ({ kind, text }) => this.tell(kind, text));
    on("devices", () => this.listDevices());
    on("packets", (packets) => {
      const heard = this.phone.state === "talking";
      this.part("dock-quality").textContent = heard ? quality(this.packets, packets) : "";
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
      transfer: () => this.transfer.open(),
      three: () => this.transfer.three(),
      mask: () => this.mask(),
      complete: () => this.transfer.complete(),
      join: () => this.transfer.three(),
      back: () => this.phone.cancelAside(),
    };
    this.element.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (!button) return;
      actions[button.dataset.phone]?.();
      if (button.dataset.digit) this.press(button.dataset.digit);
      if (button.dataset.message) this.read(button.dataset.message);
      if (button.dataset.seatState === "ready") this.ready();
      if (button.dataset.seatState === "signed_out") this.take("signed_out");
    });
    this.part("dock-reason").addEventListener("change", ({ target }) => {
      this.take("paused", target.value);
      target.value = "";
      target.blur();
    });
    for (const id of ["dock-device", "dock-auto"]) {
      this.part(id)?.addEventListener("change", () => this.chooseDevice());
    }
    this.part("dock-microphone").addEventListener("change", ({ target }) =>
      this.phone.chooseMicrophone(target.value),
    );
    this.part("dock-speaker").addEventListener("change", ({ target }) =>
      this.phone.speaker(target.value),
    );
    this.element.querySelector(".dock-devices").addEventListener("toggle", () => this.listDevices());
  }

  /** What rings: this page or a telephone on the desk; whether this page answers by itself. */
  async chooseDevice() {
    const form = {
      number: this.part("dock-device")?.value || "",
      auto_answer: this.part("dock-auto").checked ? "yes" : "no",
    };
    try {
      this.seated(await this.post("/agent/device", form));
      const words = form.number ? `来电改由话机 ${form.number} 振铃` : "来电由本页振铃";
      this.tell("device", words, GONE_AFTER_MS);
    } catch (error) {
      this.tell("device", error.message, GONE_AFTER_MS);
      await this.refresh();
    }
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

  // --- silence in the recording -----------------------------------------------------------

  /** While the caller reads out an identity number nothing of it is to be recorded. */
  async mask(on = this.maskedUntil === null) {
    if (!this.live) return;
    try {
      await this.post("/agent/mask", { contact_id: this.contact(), on: on ? "yes" : "no" });
    } catch (error) {
      this.tell("mask", error.message, GONE_AFTER_MS);
      return;
    }
    clearTimeout(this.unmasking);
    this.maskedUntil = on ? Date.now() + MASKED_MOST_S * 1000 : null;
    if (on) this.unmasking = setTimeout(() => this.mask(false), MASKED_MOST_S * 1000);
    this.draw();
  }

  unmasked() {
    clearTimeout(this.unmasking);
    this.maskedUntil = null;
  }

  // --- a colleague who is asked, and the supervisor's word ----------------------------------

  drawAside() {
    const { aside } = this.phone;
    const place = this.part("dock-aside");
    place.hidden = !aside;
    this.element.dataset.aside = aside?.state || "";
    if (aside) {
      const words = aside.state === "calling" ? "正在呼叫" : "正在咨询";
      this.part("dock-aside-who").textContent = `${words} ${aside.name} ${aside.target}`;
      for (const name of ["complete", "join"]) this.button(name).disabled = aside.state !== "talking";
    }
    this.draw();
  }

  async messages() {
    let found;
    try {
      const response = await fetch("/agent/messages", { headers: { Accept: "application/json" } });
      if (!response.ok) return;
      found = (await response.json()).messages;
    } catch {
      return; // the bar at the top says that the link is lost
    }
    this.part("dock-messages").replaceChildren(...found.map(note));
  }

  async read(id) {
    try {
      await this.post(`/agent/messages/${id}/read`, {});
      await this.messages();
    } catch (error) {
      this.tell("message", error.message, GONE_AFTER_MS);
    }
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
      if (!response.ok) return;
      const seat = await response.json();
      this.seated(seat);
      this.tell("seat", seat.message || null);
    } catch {
      // The bar at the top says that the link is lost; the seat stays as last known.
    }
  }

  seated(seat) {
    this.seat = seat.state;
    this.seatLabel = seat.label;
    this.seatSince = Date.parse(seat.since) || null;
    this.wrappingUp = seat.wrapping_up;
    this.limitAt = Date.parse(seat.limit_at) || null;
    this.overLimit = seat.over_limit;
    this.phone.autoAnswer = seat.auto_answer;
    this.part("dock-auto").checked = seat.auto_answer;
    if (this.part("dock-device")) this.part("dock-device").value = seat.number;
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
    const test = Boolean(this.phone.call?.test && call);
    this.part("dock-state").textContent = test ? "试音中" : STATES[state] || this.seatLabel;
    this.button("answer").disabled = state !== "ringing";
    this.button("hangup").disabled = !call;
    this.word("hangup", state === "ringing" ? "拒接" : this.phone.aside ? "挂断同事" : "挂断");
    const aside = Boolean(this.phone.aside);
    for (const name of ["hold", "mute"]) this.button(name).disabled = !talking;
    this.button("transfer").disabled = !talking || test || aside;
    for (const name of ["three", "mask"]) this.button(name).disabled = !this.live || aside;
    this.button("hold").disabled ||= aside;
    this.button("mask").setAttribute("aria-pressed", String(this.maskedUntil !== null));
    this.word("mask", this.maskedUntil === null ? "遮蔽录音" : "恢复录音");
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
    const idle = this.phone.state === "idle";
    const from = idle ? this.seatSince : this.since;
    this.part("dock-timer").textContent = from ? clock(Date.now() - from) : "--:--";
    const left = idle && this.limitAt ? this.limitAt - Date.now() : null;
    this.part("dock-limit").textContent = left === null ? "" : left > 0 ? `还剩 ${clock(left)}` : "已超时";
    const masked = this.maskedUntil === null ? "" : `录音已遮蔽，${Math.max(0, Math.ceil((this.maskedUntil - Date.now()) / 1000))} 秒后恢复`;
    this.part("dock-masked").textContent = masked;
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

/** One message of the supervisor's, with its button. */
function note({ id, from: sender, words, at }) {
  const line = document.createElement("p");
  const from = document.createElement("small");
  const moment = new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
  from.textContent = `${sender} ${moment}`;
  const text = document.createElement("span");
  text.textContent = words;
  const seen = document.createElement("button");
  seen.type = "button";
  seen.className = "btn";
  seen.dataset.message = id;
  seen.textContent = "已读";
  line.append(from, text, seen);
  return line;
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
