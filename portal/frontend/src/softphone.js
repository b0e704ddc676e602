// The agent's telephone: SIP over a WebSocket to our own Asterisk, sound by WebRTC.
import JsSIP from "./vendor/jssip.js";

const PEER = { iceServers: [] }; // the telephone system is next door: no STUN
const RETRY_MS = 3000;
const SILENT_MS = 4000; // no sound for this long after the link broke: the other end is gone

const WORDS = {
  insecure: "浏览器只在 https 或本机地址下允许使用麦克风，请换用 https 地址打开本页。",
  refused: "麦克风被拒绝：请点地址栏左侧的图标，把“麦克风”改为允许，然后按“就绪”。",
  missing: "没有找到麦克风：请插好耳麦，然后按“就绪”。",
  busy: "麦克风打不开，可能被其他程序占用：请关闭那个程序后再按“就绪”。",
  lost: "耳麦断开了，对方听不到您：请重新插好耳麦，声音会自动恢复。",
  link: "与电话系统的连接断开，正在自动重连；已登记的内容不受影响。",
  register: "分机没有注册成功，暂时接不到电话，正在自动重试。",
  account: "分机密码被电话系统拒绝，正在重新获取；若一分钟内未恢复请告知管理员。",
  sound: "浏览器没有播放对方的声音：请在页面上点一下。",
};

const FAILURES = {
  [JsSIP.C.causes.CANCELED]: "对方在您接听前挂断了",
  [JsSIP.C.causes.NO_ANSWER]: "超时未接，来电已转给其他坐席",
  [JsSIP.C.causes.REJECTED]: "您拒接了来电，来电已转给其他坐席",
  [JsSIP.C.causes.BUSY]: "对方忙",
  [JsSIP.C.causes.UNAVAILABLE]: "对方不可用",
  [JsSIP.C.causes.NOT_FOUND]: "没有这个号码",
  [JsSIP.C.causes.RTP_TIMEOUT]: "声音通道中断，通话结束",
  [JsSIP.C.causes.USER_DENIED_MEDIA_ACCESS]: WORDS.refused,
  [JsSIP.C.causes.WEBRTC_ERROR]: "浏览器没有建立声音通道，请刷新本页；若重复出现请告知管理员",
  [JsSIP.C.causes.CONNECTION_ERROR]: "连接电话系统出错，正在自动重连",
};

/** One line, one call at a time.
 *
 * state: idle | ringing | talking | held. Events: "change", "incoming" {uuid, caller, line},
 * "answered" and "ended" {uuid, answered, test, text}, "problem" {kind, text} (text null: solved).
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
      this.registered = true;
      this.problem("register", null);
      this.changed();
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

  notRegistered(event) {
    this.registered = false;
    const refused = [401, 403, 407].includes(event.response?.status_code);
    this.problem("register", refused ? WORDS.account : WORDS.register);
    this.later(async () => {
      if (refused) {
        const account = await this.fetchAccount().catch(() => null);
        if (account?.available) this.ua.set("password", account.password);
      }
      if (this.ua.isConnected()) this.ua.register();
    });
  }

  arrived({ originator, session, request }) {
    if (originator === "local") return; // our own sound test watches itself
    if (this.session) {
      session.terminate({ status_code: 486 });
      return;
    }
    const call = {
      uuid: request.getHeader("X-Call-UUID") || "",
      caller: request.getHeader("X-Caller") || request.from.uri.user,
      line: request.getHeader("X-Line") || "",
    };
    this.take(session, call);
    session.on("peerconnection", ({ peerconnection }) => this.listen(peerconnection));
    if (session.connection) this.listen(session.connection);
    this.become("ringing");
    this.emit("incoming", call);
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
    this.release();
    this.become("idle");
    let text = answered ? "" : FAILURES[event.cause] || `通话没有建立（${event.cause}）`;
    if (answered && event.cause !== JsSIP.C.causes.BYE) text = FAILURES[event.cause] || "";
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
    if (this.muted) this.session.mute({ audio: true });
    else this.session.unmute({ audio: true });
    this.changed();
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

  listen(connection) {
    if (connection === this.heard) return;
    this.heard = connection;
    connection.addEventListener("track", ({ streams, track }) => {
      this.audio.srcObject = streams[0] || new MediaStream([track]);
      this.audio.play().then(
        () => this.problem("sound", null),
        (error) => error.name === "NotAllowedError" && this.problem("sound", WORDS.sound),
      );
    });
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
    const sender = this.session?.connection?.getSenders().find((s) => s.track?.kind === "audio");
    await sender?.replaceTrack(track);
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
