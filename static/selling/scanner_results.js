// What became of each scan: a line with colour, icon and word, newest first, and a sound.

import { storage } from "./storage.js";

const LINES_MAX = 20;
// Whatever went wrong stays in sight for longer.
const TROUBLED_MAX = 100;
const TONES = {
  added: { hertz: 880, seconds: 0.08 },
  already: { hertz: 660, seconds: 0.08 },
  found: { hertz: 660, seconds: 0.08 },
  refused: { hertz: 196, seconds: 0.3 },
  unknown: { hertz: 196, seconds: 0.3 },
};
const WORDS = {
  added: "added",
  already: "there already",
  found: "not added",
  refused: "refused",
  unknown: "unknown",
};
const TALLY_MS = 5000;
const MUTED = "holdfast.muted";
let audio = null;

function beep({ hertz, seconds }) {
  if (storage.read(MUTED)) return;
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume().catch(() => {});
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    volume.gain.value = 0.08;
    tone.frequency.value = hertz;
    tone.type = hertz < 300 ? "square" : "sine";
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + seconds);
  } catch {
    // No sound here: the line says it all.
  }
}

function nameMute() {
  const button = document.querySelector("[data-mute]");
  const isOn = !storage.read(MUTED);
  button.hidden = false;
  button.setAttribute("aria-pressed", String(isOn));
  button.classList.toggle("is-off", !isOn);
}

function trim(list, which, most) {
  for (const old of [...list.querySelectorAll(`:scope > ${which}`)].slice(most)) old.remove();
}

function line(answer) {
  const template = document.querySelector(`template[data-scan-line="${answer.outcome}"]`);
  const made = template.content.firstElementChild.cloneNode(true);
  const code = made.querySelector("[data-code]");
  code.textContent = answer.serialNumber ?? answer.code;
  if (answer.itemId) code.href = `/inventory/${answer.itemId}`;
  made.querySelector("[data-product]").textContent = answer.productName ?? "";
  made.querySelector("[data-message]").textContent = answer.message;
  const why = made.querySelector("[data-why]");
  if (answer.refusal) {
    why.querySelector("[data-refusal]").innerHTML = answer.refusal;
    window.htmx?.process(why);
  } else why?.remove();
  return made;
}

const element = (id) => document.getElementById(id);

export class Results {
  constructor() {
    this.tally = {};
    this.shownAt = -Infinity;
    this.hasTrouble = false;
    nameMute();
    // What was offered instead has been taken.
    document.addEventListener("htmx:afterRequest", (event) => {
      const why = event.detail.elt.closest("[data-why]");
      if (why && event.detail.successful) why.open = false;
    });
    document.addEventListener("click", (event) => {
      if (!event.target.closest("[data-mute]")) return;
      storage.write(MUTED, !storage.read(MUTED));
      nameMute();
    });
  }

  // Nothing was waiting: what is told together begins here, unless scans are still coming in.
  begin() {
    this.hasTrouble = false;
    if (performance.now() - this.shownAt > TALLY_MS) this.tally = {};
  }

  show(answer) {
    const list = element("scan-results");
    for (const open of list.querySelectorAll("details[open]")) {
      if (!open.contains(document.activeElement)) open.open = false;
    }
    list.prepend(line(answer));
    trim(list, ":not(.is-troubled)", LINES_MAX);
    trim(list, ".is-troubled", TROUBLED_MAX);
    this.shownAt = performance.now();
    this.hasTrouble ||= answer.outcome !== "added" && answer.outcome !== "already";
    this.tally[answer.outcome] = (this.tally[answer.outcome] ?? 0) + 1;
    beep(TONES[answer.outcome]);
  }

  // "18 added, 2 refused": of the scans that came together.
  summary() {
    const counts = Object.entries(this.tally);
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    if (total < 2) return "";
    return counts.map(([outcome, count]) => `${count} ${WORDS[outcome]}`).join(", ");
  }

  say(state, words) {
    const status = element("scan-status");
    status.dataset.state = state;
    status.hidden = !words;
    const text = status.querySelector("[data-words]");
    if (text.textContent !== words) text.textContent = words;
    status.querySelector("[data-login]").hidden = state !== "login";
  }
}
