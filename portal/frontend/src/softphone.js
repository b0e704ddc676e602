// The agent's telephone: SIP over a WebSocket to our own Asterisk, sound by WebRTC.
import { FAILURES, reasonOf, WORDS } from "./_phone_words.js";
import JsSIP from "./vendor/jssip.js";

const PEER = { iceServers: [] }; // the telephone system is next door: no STUN
const RETRY_MS = 3000;
const ANSWER_MS = 6000; // a telephone system that is still starting takes the link and hears nothing on it
const SILENT_MS = 4000; // no sound for this long after the link broke: the other end is gone

/** One line, one call at a time, and beside it a colleague who is asked (`aside`).
 *
 * state: idle | ringing | talking | held. Events: "change", "incoming" {uuid, caller, line},
 * "answered" and "ended" {uuid, answered, test, text}, "problem" {kind, text} (text null: solved),
 * "aside" {text}: the consultation began, changed or ended, "handed" {to}: the call was handed on,
 * "registered": the first time after the page was loaded.
 */
export class Softphone extends EventTarget {
  constructor(fetchAccount) {
    super();
    this.fetchAccount = fetchAccount;
    this.state = "idle";
    this.muted = false;
    this.registered = false;
    this.packets = { in: 0, out: 0, lost: 0 };
    this.session = null;
    this.aside = null;
    this.referred = null; // {session, name}: whose REFER is under way
    this.autoAnswer = false;
    this.microphone = null;
    this.input = localStorage.getItem("hotline-microphone") || "";
    this.audio = new Audio();
    this.audio.autoplay = true;
    this.speaker(localStorage.getItem("hotline-speaker") || "");
    setInterval(() => this.count(), 1000);
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.devicesChanged());
  }

  /** Sign the extension in, and keep it signed in. */
  async start() {
    let account;
    try {
      account = await this.fetchAccount();
    } catch {
      this.problem("link", WORDS.link);
      this.later(() => this.start());
      return;
    }
    if (!account.available) {
      this.problem("link", account.message);
      return;
    }
    this.account = account;
    this.ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(account.ws_url)],
      uri: `sip:${account.extension}@${account.domain}`,
      authorization_user: account.extension,
      password: account.password,
      display_name: account.name,
      register_expires: 60,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 4,
      user_agent: "hotline",
    });
    this.ua.on("connecting", () => this.expectAnswer());
    this.ua.on("connected", () => this.problem("link", null));
    this.ua.on("disconnected", () => {
      this.registered = false;
      if (this.leaving) return;
      this.problem("link", WORDS.link);
      this.brokeAt ??= Date.now();
      // Nobody can withdraw this call any more, and it rings elsewhere by now.
      if (this.state === "ringing") this.cutOff();
    });
    this.ua.on("registered", () => {
      clearTimeout(this.unanswered);
      this.registered = true;
      this.problem("register", null);
      this.changed();
      if (!this.wasRegistered) this.emit("registered", {});
      this.wasRegistered = true;
    });
    this.ua.on("unregistered", () => {
      this.registered = false;
      this.changed();
    });
    this.ua.on("registrationFailed", (event) => this.notRegistered(event));
    this.ua.on("newRTCSession", (event) => this.arrived(event));
    this.ua.start();
  }

  /** Leave politely, so that the queue does not ring a closed page. */
  stop() {
    this.leaving = true;
    this.ua?.stop();
  }

  /** Leave without a goodbye: the call waits for the page that is loaded now. */
  vanish() {
    this.leaving = true;
  }

  /** SIP itself would wait half a minute for the answer before it tried again. */
  expectAnswer() {
    clearTimeout(this.unanswered);
    this.unanswered = setTimeout(() => {
      if (this.leaving || this.registered) return;
      this.ua.transport.disconnect();
      this.ua.transport.connect();
    }, ANSWER_MS);
  }

  notRegistered(event) {
    if (event.response) clearTimeout(this.unanswered);
    this.registered = false;
    const refused = [401, 403, 407].includes(event.response?.status_code);
    this.problem("register", refused ? WORDS.account : WORDS.register);
    this.later(async () => {
      if (refused) {
        const account = await this.fetchAccount().catch(() => null);
        if (account?.available) this.ua.set("password", account.password);
      }
      if (!this.ua.isConnected() || this.registered) return;
      this.ua.register();
      this.expectAnswer();
    });
  }

  arrived({ originator, session, request }) {
    if (originator === "local") return; // our own sound test watches itself
    // Whom nobody took may be back before we are told that he was handed on.
    const back = this.referred?.session === this.session && request.getHeader("X-Call-UUID") === this.call?.uuid;
    if (this.session && back) this.handed(this.referred);
    if (this.session) {
      session.terminate({ status_code: 486 });
      return;
    }
    const call = {
      uuid: request.getHeader("X-Call-UUID") || "",
      caller: request.getHeader("X-Caller") || request.from.uri.user,
      line: [request.getHeader("X-Line"), request.getHeader("X-Line-Name")].filter(Boolean).join(" "),
      consult: request.getHeader("X-Consult") === "yes",
      auto: request.getHeader("X-Auto-Answer") || (this.autoAnswer ? "seat" : ""),
    };
    this.take(session, call);
    session.on("peerconnection", ({ peerconnection }) => this.listen(peerconnection));
    if (session.connection) this.listen(session.connection);
    this.become("ringing");
    this.emit("incoming", call);
    if (call.auto) this.answer();
  }

  take(session, call) {
    this.session = session;
    this.call = call;
    this.muted = false;
    this.wantsHold = false;
    this.answeredAt = null;
    this.brokeAt = null;
    this.heardAt = 0;
    session.on("accepted", () => {
      this.answeredAt = Date.now();
      this.become("talking");
      this.emit("answered", call);
    });
    session.on("hold", ({ originator }) => originator === "local" && this.become("held"));
    session.on("unhold", ({ originator }) => originator === "local" && this.become("talking"));
    session.on("ended", (event) => this.over(session, event));
    session.on("failed", (event) => this.over(session, event));
    // Gathering every address of the machine may take seconds; ours is among the first.
    let waiting = null;
    session.on("icecandidate", ({ ready }) => {
      waiting ??= setTimeout(ready, 400);
    });
  }

  over(session, event) {
    if (session !== this.session) return;
    const answered = this.answeredAt !== null;
    const call = this.call;
    this.session = null;
    this.dropAside();
    this.release();
    this.become("idle");
    let text = answered ? "" : FAILURES[event.cause] || `通话没有建立（${event.cause}）`;
    if (answered && event.cause !== JsSIP.C.causes.BYE) text = FAILURES[event.cause] || "";
    if (answered && event.originator === "remote") text ||= reasonOf(event.message);
    this.emit("ended", { ...call, answered, text });
  }

  /** Open the microphone; the message says what to do when it cannot be had. */
  async openMicrophone() {
    if (this.microphone?.active) return true;
    if (!navigator.mediaDevices?.getUserMedia) {
      this.problem("microphone", WORDS.insecure);
      return false;
    }
    const sound = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const wish = this.input ? { ...sound, deviceId: { ideal: this.input } } : sound;
    try {
      this.microphone = await navigator.mediaDevices.getUserMedia({ audio: wish, video: false });
    } catch (error) {
      const words = { NotAllowedError: WORDS.refused, NotFoundError: WORDS.missing };
      this.problem("microphone", words[error.name] || WORDS.busy);
      return false;
    }
    this.problem("microphone", null);
    for (const track of this.microphone.getAudioTracks()) {
      track.addEventListener("ended", () => this.problem("microphone", WORDS.lost));
    }
    return true;
  }

  async answer() {
    if (this.state !== "ringing" || this.answering) return;
    const session = this.session;
    this.answering = true;
    try {
      if (await this.openMicrophone()) {
        if (session !== this.session || session.isEnded()) return;
        session.answer({ mediaStream: this.microphone, pcConfig: PEER });
      }
    } finally {
      this.answering = false;
    }
  }

  /** Refuse while it rings, else hang up. A BYE from here keeps the queue's figures right. */
  hangUp() {
    if (!this.session) return;
    if (this.aside) {
      // The colleague is being talked with: the citizen on hold is not hung up by a habit.
      this.cancelAside();
      return;
    }
    this.session.terminate(this.state === "ringing" ? { status_code: 486 } : undefined);
  }

  hold() {
    if (!this.session || this.state === "ringing") return;
    this.wantsHold = !this.wantsHold;
    this.settleHold();
  }

  /** A press while the last one is still being negotiated is not lost: it waits for its turn. */
  settleHold() {
    if (!this.session || this.wantsHold === (this.state === "held")) return;
    const begun = this.wantsHold ? this.session.hold() : this.session.unhold();
    if (!begun) setTimeout(() => this.settleHold(), 100);
  }

  mute() {
    if (!this.session || this.state === "ringing") return;
    this.muted = !this.muted;
    for (const session of [this.session, this.aside?.session]) {
      if (!session) continue;
      if (this.muted) session.mute({ audio: true });
      else session.unmute({ audio: true });
    }
    this.changed();
  }

  // --- handing on -------------------------------------------------------------------------

  get talking() {
    return this.state === "talking" || this.state === "held";
  }

  /** Hand the call on without asking; to a colleague, or back to a queue ("queue_" and its code). */
  handOn(target, name) {
    if (!this.talking || this.aside || this.call.test) return;
    this.refer(target, name);
  }

  /** Ask a colleague first: the citizen hears music meanwhile. */
  consult(target, name) {
    if (!this.talking || this.aside || this.call.test) return;
    this.wantsHold = true;
    this.settleHold();
    // Holding silences the tracks of its call: the second one needs its own.
    const voice = this.microphone.clone();
    const aside = { target, name, state: "calling", voice };
    this.aside = aside;
    const session = this.ua.call(`sip:${target}@${this.account.domain}`, {
      mediaStream: voice,
      pcConfig: PEER,
      eventHandlers: { peerconnection: ({ peerconnection }) => this.listen(peerconnection, "aside") },
    });
    aside.session = session;
    if (session.connection) this.listen(session.connection, "aside");
    let waiting = null;
    session.on("icecandidate", ({ ready }) => {
      waiting ??= setTimeout(ready, 400);
    });
    session.on("accepted", () => {
      aside.state = "talking";
      aside.since = Date.now();
      if (this.muted) session.mute({ audio: true });
      this.emit("aside", {});
    });
    session.on("ended", (event) => this.asideOver(aside, event));
    session.on("failed", (event) => this.asideOver(aside, event));
    this.emit("aside", {});
  }

  /** The colleague is gone, or never came: back to the citizen. */
  asideOver(aside, event) {
    if (aside !== this.aside) return;
    this.dropAside();
    const failed = aside.state === "calling" && event.originator !== "local";
    const why = failed ? FAILURES[event.cause] || "没有接通" : "";
    if (this.session && !aside.handing) {
      this.wantsHold = false;
      this.settleHold();
    }
    this.emit("aside", { text: why && `${aside.name}：${why}；来电人仍由您接听` });
  }

  dropAside() {
    const aside = this.aside;
    this.aside = null;
    if (!aside) return;
    for (const track of aside.voice.getTracks()) track.stop();
    if (!aside.session.isEnded()) aside.session.terminate();
    if (this.side) this.side.srcObject = null;
  }

  /** Leave the consultation; the citizen is taken back. */
  cancelAside() {
    this.aside?.session.terminate();
  }

  /** Join the citizen and the colleague, and leave them. */
  completeAside() {
    const aside = this.aside;
    if (aside?.state !== "talking") return;
    aside.handing = true;
    this.refer(aside.target, aside.name, aside);
  }

  refer(target, name, aside = null) {
    const session = this.session;
    const referred = { session, name };
    this.referred = referred;
    const failed = () => {
      if (referred !== this.referred) return;
      this.referred = null;
      if (aside) aside.handing = false;
      this.problem("call", `没有转成：${name}。来电人仍由您接听，请再试或换一位。`);
    };
    session.refer(`sip:${target}@${this.account.domain}`, {
      replaces: aside?.session,
      eventHandlers: {
        requestFailed: failed,
        failed,
        accepted: () => this.handed(referred),
      },
    });
  }

  /** The telephone system has the citizen now and is done with us, but does not say goodbye. */
  handed(referred) {
    if (referred !== this.referred) return;
    this.referred = null;
    this.problem("call", null);
    this.emit("handed", { to: referred.name });
    if (!referred.session.isEnded()) referred.session.terminate();
  }

  press(digit) {
    if (this.state === "talking") this.session.sendDTMF(digit, { transportType: "RFC2833" });
  }

  /** Ring the echo service: what the agent says comes back. */
  async testSound() {
    if (this.session || !this.registered || !(await this.openMicrophone())) return;
    const session = this.ua.call(`sip:600@${this.account.domain}`, {
      mediaStream: this.microphone,
      pcConfig: PEER,
      // For outgoing calls this fires before anybody could subscribe to the session.
      eventHandlers: { peerconnection: ({ peerconnection }) => this.listen(peerconnection) },
    });
    this.take(session, { uuid: "", caller: "试音", line: "", test: true });
    if (session.connection) this.listen(session.connection);
    this.become("talking");
  }

  listen(connection, whom = "call") {
    if (connection === this.heard || connection === this.aside?.heard) return;
    if (whom === "call") this.heard = connection;
    else this.aside.heard = connection;
    const audio = whom === "call" ? this.audio : this.sideAudio();
    connection.addEventListener("track", ({ streams, track }) => {
      audio.srcObject = streams[0] || new MediaStream([track]);
      audio.play().then(
        () => this.problem("sound", null),
        (error) => error.name === "NotAllowedError" && this.problem("sound", WORDS.sound),
      );
    });
  }

  sideAudio() {
    if (!this.side) {
      this.side = new Audio();
      this.side.autoplay = true;
    }
    this.side.setSinkId?.(localStorage.getItem("hotline-speaker") || "").catch(() => {});
    return this.side;
  }

  release() {
    // The light on the microphone goes out between calls: nobody is listened to in secret.
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.microphone = null;
    this.heard = null;
    this.audio.srcObject = null;
    this.muted = false;
  }

  async devicesChanged() {
    this.emit("devices", {});
    if (!this.session || this.state === "ringing") return;
    if (this.microphone?.getAudioTracks().some((track) => track.readyState === "live")) return;
    this.microphone = null;
    if (await this.openMicrophone()) await this.replaceMicrophone();
  }

  async replaceMicrophone() {
    const [track] = this.microphone.getAudioTracks();
    track.enabled = !this.muted;
    await senderOf(this.session)?.replaceTrack(track);
    if (!this.aside) return;
    this.aside.voice = this.microphone.clone();
    await senderOf(this.aside.session)?.replaceTrack(this.aside.voice.getAudioTracks()[0]);
  }

  /** Use another microphone, also in the middle of a call. */
  async chooseMicrophone(id) {
    this.input = id;
    localStorage.setItem("hotline-microphone", id);
    const old = this.microphone;
    if (!old) return;
    this.microphone = null;
    if (await this.openMicrophone()) await this.replaceMicrophone();
    for (const track of old.getTracks()) track.stop();
  }

  /** Use another loudspeaker, where the browser lets a page choose. */
  async speaker(id) {
    localStorage.setItem("hotline-speaker", id);
    await this.audio.setSinkId?.(id).catch(() => localStorage.removeItem("hotline-speaker"));
  }

  async count() {
    const connection = this.session?.connection;
    if (!connection || !this.answeredAt) return;
    const packets = { in: 0, out: 0, lost: 0 };
    for (const row of (await connection.getStats()).values()) {
      if (row.kind !== "audio") continue;
      if (row.type === "inbound-rtp") {
        packets.in += row.packetsReceived ?? 0;
        packets.lost += row.packetsLost ?? 0;
      }
      if (row.type === "outbound-rtp") packets.out += row.packetsSent ?? 0;
    }
    if (connection !== this.session?.connection) return;
    if (packets.in !== this.packets.in) this.heardAt = Date.now();
    this.packets = packets;
    this.emit("packets", packets);
    this.watchLink();
  }

  /** Sound outlives a broken link, but not a telephone system that died: it sends no goodbye. */
  watchLink() {
    if (!this.brokeAt || this.state !== "talking") return;
    const heard = this.heardAt > this.brokeAt + SILENT_MS;
    if (heard && this.registered) this.brokeAt = null;
    else if (Date.now() - Math.max(this.brokeAt, this.heardAt) > SILENT_MS) this.cutOff();
  }

  /** End here what the other side cannot end. */
  cutOff() {
    const session = this.session;
    if (!session) return;
    this.over(session, { cause: JsSIP.C.causes.CONNECTION_ERROR });
    if (!session.isEnded()) session.terminate();
  }

  later(action) {
    setTimeout(() => this.leaving || action(), RETRY_MS);
  }

  become(state) {
    this.state = state;
    this.changed();
  }

  changed() {
    this.emit("change", {});
  }

  problem(kind, text) {
    this.emit("problem", { kind, text });
    if (kind === "link" && text) this.changed();
  }

  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

const senderOf = (session) =>
  session?.connection?.getSenders().find((sender) => sender.track?.kind === "audio");
