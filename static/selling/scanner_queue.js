// Scans wait here until the store has answered. One is sent at a time, in order, and again under
// the same id until it is answered, so each counts once. They are kept in localStorage, one entry
// each, so that a reload or a closed tab loses none and tabs do not overwrite each other's.

import { onOtherTab, user } from "./other_tabs.js";
import { storage } from "./storage.js";

const TAB_SILENT_MS = 10_000;
const TICK_MS = 3000;
const ANSWER_MS_MAX = 30_000;
const DELAYS_MS = [300, 600, 1200, 2500, 5000];
const SERVER_ERRORS_MAX = 3;

// Not crypto.randomUUID: browsers have that only over HTTPS.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export class Queue {
  // `answered(scan, answer)` for each answer, `changed()` for each change of `state` or `size`.
  constructor({ token, url, page, answered, changed }) {
    Object.assign(this, { token, url, page, answered, changed });
    this.tab = newId();
    this.prefix = `holdfast.scan.${user}.`;
    this.waiting = [];
    this.state = "idle";
    this.last = 0;
    this.failures = 0;
    addEventListener("online", () => this.hurry());
    addEventListener("focus", () => this.hurry());
    onOtherTab(() => this.hurry());
    addEventListener("pagehide", () => storage.remove(this.aliveKey(this.tab)));
    addEventListener("pageshow", () => this.tick());
  }

  start() {
    setInterval(() => this.tick(), TICK_MS);
    this.tick();
  }

  get size() {
    return this.waiting.length;
  }

  add(codes) {
    for (const code of codes) {
      this.last = Math.max(Date.now(), this.last + 0.01);
      const scan = { id: newId(), code, at: this.last };
      scan.isStored = storage.write(this.prefix + scan.id, { code, at: scan.at, tab: this.tab });
      this.waiting.push(scan);
    }
    this.sayAlive();
    this.changed();
    this.run();
  }

  aliveKey(tab) {
    return `holdfast.tab.${tab}`;
  }

  sayAlive() {
    if (this.size) storage.write(this.aliveKey(this.tab), Date.now());
    else storage.remove(this.aliveKey(this.tab));
  }

  isSilent(tab) {
    return !(Date.now() - storage.read(this.aliveKey(tab)) < TAB_SILENT_MS);
  }

  tick() {
    this.sayAlive();
    this.adopt();
    this.run();
  }

  // Take over what a tab left that was reloaded, closed or crashed.
  adopt() {
    for (const key of storage.keys(this.prefix)) {
      const kept = storage.read(key);
      if (!kept?.code) storage.remove(key);
      else if (kept.tab !== this.tab && this.isSilent(kept.tab)) {
        storage.write(key, { ...kept, tab: this.tab });
        this.waiting.push({ id: key.slice(this.prefix.length), code: kept.code, at: kept.at, isStored: true });
      }
    }
    this.waiting.sort((one, other) => one.at - other.at);
  }

  // Another tab has taken it over, or has had it answered.
  isElsewhere(scan) {
    return scan.isStored && storage.read(this.prefix + scan.id)?.tab !== this.tab;
  }

  async run() {
    if (this.isRunning || this.state === "login") return;
    this.isRunning = true;
    while (this.size) {
      const scan = this.waiting[0];
      if (this.isElsewhere(scan)) {
        this.forget(scan);
        continue;
      }
      if (this.state === "idle") this.say("sending");
      const answer = await this.send(scan);
      if (this.state === "login") break;
      if (answer) {
        this.failures = 0;
        storage.remove(this.prefix + scan.id);
        this.forget(scan);
        this.state = "sending";
        this.answered(scan, answer);
        this.changed();
      } else await this.pause();
    }
    this.isRunning = false;
    this.sayAlive();
    if (!this.size && this.state !== "idle") this.say("idle");
  }

  forget(scan) {
    this.waiting = this.waiting.filter((other) => other !== scan);
  }

  say(state) {
    this.state = state;
    this.changed();
  }

  // The store's answer, or null where the scan has to be sent once more.
  async send(scan) {
    let response, body;
    try {
      response = await fetch(this.url, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": this.token },
        body: new URLSearchParams({ q: scan.code, idempotency_key: scan.id }),
        redirect: "manual",
        cache: "no-store",
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      const isJson = response.headers.get("Content-Type")?.includes("json");
      body = isJson ? await response.json() : {};
    } catch {
      this.say("offline");
      return null;
    }
    if (response.ok && body.outcome) return body;
    return this.afterRefusal(scan, response, body);
  }

  async afterRefusal(scan, response, body) {
    const { status } = response;
    const isLoggedOut = status === 401 || response.type === "opaqueredirect";
    const isForgotten = status === 400 && !scan.isRenewed;
    if (isLoggedOut || isForgotten) {
      scan.isRenewed = true;
      const renewed = await this.renew();
      this.say(renewed ? "sending" : renewed === null ? "offline" : "login");
      return null;
    }
    this.retryAfter = Number(response.headers.get("Retry-After")) || 0;
    const isPassing = status === 429 || status > 500 || (status === 409 && this.retryAfter);
    scan.errors = (scan.errors ?? 0) + (status === 500);
    if (isPassing || (status === 500 && scan.errors < SERVER_ERRORS_MAX)) {
      this.say("busy");
      return null;
    }
    const message = body.errors?.[0]?.message ?? body.detail ?? "The store could not take this scan. Scan it again.";
    return { outcome: "refused", code: scan.code, message };
  }

  // The page's token as it is now: true when this same person is logged in, null when the store
  // does not answer.
  async renew() {
    try {
      const response = await fetch(this.page, { redirect: "manual", cache: "no-store" });
      if (response.status >= 500) return null;
      if (!response.ok) return false;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const form = page.getElementById("scan");
      if (form?.dataset.user !== user) return false;
      this.token = form.elements.csrf_token.value;
      return true;
    } catch {
      return null;
    }
  }

  pause() {
    const delay = DELAYS_MS[Math.min(this.failures++, DELAYS_MS.length - 1)];
    const wait = Math.max(delay * (0.75 + Math.random() / 2), (this.retryAfter ?? 0) * 1000);
    this.retryAfter = 0;
    return new Promise((go) => {
      this.go = go;
      setTimeout(go, wait);
    });
  }

  // The network is back, or somebody is: try at once, also whether they have logged in.
  async hurry() {
    this.go?.();
    if (this.state !== "login" || this.isRenewing) return;
    this.isRenewing = true;
    if (await this.renew()) {
      this.say("idle");
      this.run();
    }
    this.isRenewing = false;
  }
}
