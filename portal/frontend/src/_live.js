// One stream of server events for all tabs of a browser: a browser opens only six connections to a
// host, so each tab holding its own would stop the seventh page from loading.
// Every event becomes a CustomEvent "hotline:<event>" on document, with the server's data as detail.
const EVENTS = ["call_arrived", "call_ringing", "call_answered", "call_ended", "contact", "seat", "brought_in", "call_back", "number_flag", "hot_spot", "message", "listening", "ticket", "badge", "resync", "signed_out"];
const BAR_AFTER = 2000; // a link that heals at once shows nothing; a lost one shows within 3 s
const SILENCE = 40000; // the server beats every 15 s

export function follow(address) {
  const shared = "BroadcastChannel" in window ? new BroadcastChannel("hotline-live") : null;
  const link = new Link();
  const hear = (message) => {
    if (message.event === "link") link.show(message.data.up);
    else tell(message.event, message.data);
  };
  if (shared) shared.onmessage = (event) => hear(event.data);
  const spread = (event, data) => {
    hear({ event, data });
    shared?.postMessage({ event, data });
  };
  const began = Date.now();
  const lead = () =>
    new Promise(() => {
      const stream = new Stream(address, spread);
      stream.renewed = Date.now() - began > 500; // taken over from another tab: something may be missed
      stream.open();
    });
  // The tab that holds the lock holds the stream; when it closes, the next tab takes over.
  if (shared && navigator.locks) navigator.locks.request("hotline-live", lead);
  else lead();
  window.addEventListener("offline", () => link.show(false));
}

function tell(event, data) {
  document.dispatchEvent(new CustomEvent(`hotline:${event}`, { detail: data }));
  if (event === "resync") {
    // What happened meanwhile is unknown: every list that follows these reads itself afresh.
    for (const name of ["ticket", "badge", "seat", "call_back", "number_flag", "hot_spot", "message", "contact"]) {
      document.dispatchEvent(new CustomEvent(`hotline:${name}`, { detail: { resync: true } }));
    }
  }
}

class Stream {
  constructor(address, spread) {
    this.address = address;
    this.spread = spread;
    this.wait = 1000;
    this.last = null;
    this.lost = false;
  }

  open() {
    this.source?.close();
    this.source = new EventSource(this.address);
    this.source.addEventListener("hello", () => this.up());
    this.source.addEventListener("beat", () => this.alive());
    for (const name of EVENTS) {
      this.source.addEventListener(name, (event) => {
        this.alive();
        this.spread(name, JSON.parse(event.data));
      });
    }
    this.source.onerror = () => this.down();
    this.alive();
  }

  up() {
    this.wait = 1000;
    if (this.renewed) this.spread("resync", {});
    this.renewed = false;
    if (this.lost) this.spread("link", { up: true });
    this.lost = false;
  }

  alive() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.down();
      this.again(0);
    }, SILENCE);
  }

  down() {
    if (!this.lost) this.spread("link", { up: false });
    this.lost = true;
    // EventSource comes back by itself after a broken link and says where it was; after a refusal it gives up.
    if (this.source.readyState === EventSource.CLOSED) this.again(this.wait);
  }

  again(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), wait);
    this.wait = Math.min(this.wait * 2, 15000);
  }

  async ask() {
    this.renewed = true; // a new EventSource has forgotten the last id
    try {
      const answer = await fetch("/account", { redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 401) {
        this.spread("signed_out", {});
        return;
      }
    } catch {
      this.again(this.wait);
      return;
    }
    this.open();
  }
}

class Link {
  constructor() {
    this.bar = document.getElementById("link-bar");
    document.addEventListener("hotline:signed_out", () => this.signedOut());
  }

  show(up) {
    clearTimeout(this.timer);
    if (up) this.bar.hidden = true;
    else {
      this.timer = setTimeout(() => {
        this.bar.textContent = navigator.onLine
          ? "与服务器的连接断开了，正在自动重连；可以继续填写，恢复后再提交。"
          : "电脑没有网络了；可以继续填写，恢复后再提交。";
        this.bar.hidden = false;
      }, BAR_AFTER);
    }
  }

  signedOut() {
    clearTimeout(this.timer);
    const link = document.createElement("a");
    link.href = "/sign-in";
    link.target = "_blank";
    link.textContent = "在新窗口登录";
    this.bar.replaceChildren("登录已过期，", link, "后回到这里继续，填写的内容还在。");
    this.bar.hidden = false;
  }
}
