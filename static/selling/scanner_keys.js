// A scanner types: many keys in a few milliseconds, then Enter or Tab. Such a burst is a scan
// wherever the focus is; the field it landed in gets its former text and caret back.

import { keepEdit } from "./edited_fields.js";

// Between two keys of a scanner, on average: a busy machine may delay one of them.
const GAP_MS = 35;
const DELAYED_MS = 200;
// So late may one key be that follows some which nobody types by hand.
const STALLED_MS = 1000;
const BY_MACHINE_MS = 15;
// A person holds a key for longer than this.
const HELD_MS = 35;
const CERTAIN_FROM = 4;
const KEYS_MIN = 6;
// Text in the scan field that is older than this is not a part of the code.
const OLD_MS = 1000;
const SECOND_END_MS = 100;
const PRIVATE = "textarea, input[type=password], [contenteditable]:not([contenteditable=false])";
// Words, e-mail addresses and amounts may also come in one piece, from the browser's memory.
const CODE = /^(?!\d+[.,])[^\s@]*\d[^\s@]*$/;
const EDITABLE = "input:not([type=checkbox], [type=radio], [type=button], [type=submit])";

let take = () => {};
let keys = [];
let whole = null; // a code that came in one piece, as some scanners insert it
let fields = new Map(); // each field that was written into, and how it was before
let endedAt = -Infinity;
let last = { at: -Infinity }; // the last key that wrote, and in which field
let before = last; // the one before the burst

function forget() {
  keys = [];
  whole = null;
  fields = new Map();
}

function remember(field) {
  if (fields.has(field)) return;
  const { value, selectedIndex } = field;
  let caret = null;
  try {
    caret = [field.selectionStart, field.selectionEnd];
  } catch {
    // Some kinds of field have none.
  }
  fields.set(field, { value, selectedIndex, caret });
}

function restore(field, was) {
  if (field.matches("select") && field.selectedIndex !== was.selectedIndex) {
    field.selectedIndex = was.selectedIndex;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  if (!field.matches(EDITABLE) || field.value === was.value) return;
  field.value = was.value;
  try {
    if (was.caret?.[0] != null) field.setSelectionRange(...was.caret);
  } catch {
    // A field that has no caret to set.
  }
  field.dispatchEvent(new Event("input", { bubbles: true }));
  keepEdit(field);
}

// On average between keys, but for the longest time: a busy machine may delay one of them.
function usualGap(times) {
  const gaps = times.slice(1).map((time, index) => time - times[index]);
  const sum = gaps.reduce((all, gap) => all + gap, 0);
  return (sum - Math.max(...gaps)) / (gaps.length - 1);
}

const timesOfKeys = () => keys.map((key) => key.at);

function isNext(at) {
  const previous = keys.at(-1);
  const gap = at - previous?.at;
  if (gap < GAP_MS) return true;
  if (keys.length >= CERTAIN_FROM && gap < STALLED_MS && usualGap(timesOfKeys()) < BY_MACHINE_MS) return true;
  return gap < DELAYED_MS && (keys.length >= CERTAIN_FROM || previous.heldMs < HELD_MS);
}

function isBurst(at) {
  if (whole) return at - whole.at < GAP_MS * 2;
  return keys.length >= KEYS_MIN && isNext(at) && usualGap([...timesOfKeys(), at]) < GAP_MS;
}

function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function finish(at, target) {
  const isRecent = before.field === target && (whole ?? keys[0]).at - before.at < OLD_MS;
  const code = isRecent && target.id === "q" ? target.value : (whole?.text ?? keys.map((key) => key.text).join(""));
  // A field that was replaced meanwhile is known by its id; the oldest text of it counts.
  for (const [field, was] of [...fields].reverse()) {
    restore(field.isConnected ? field : (document.getElementById(field.id) ?? field), was);
  }
  endedAt = at;
  forget();
  take(code.trim());
}

function onEnd(event) {
  const at = event.timeStamp;
  last = { at: -Infinity };
  if (isBurst(at)) {
    stop(event);
    finish(at, event.target);
  } else {
    // Some scanners end a code twice.
    if (!keys.length && at - endedAt < SECOND_END_MS) stop(event);
    forget();
  }
}

document.addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Shift" || event.key === "CapsLock") return;
    const isControl = event.ctrlKey || event.metaKey || event.altKey;
    if (event.isComposing || event.repeat || isControl) return forget();
    if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) return onEnd(event);
    if ([...event.key].length !== 1 || event.target.matches(PRIVATE)) return forget();
    if (whole || !isNext(event.timeStamp)) {
      forget();
      before = last;
    }
    last = { at: event.timeStamp, field: event.target };
    remember(event.target);
    keys.push({ text: event.key, code: event.code, at: event.timeStamp });
    // Outside of a text field the keys of a burst choose, press and scroll nothing.
    if (keys.length > 1 && !event.target.matches(EDITABLE)) stop(event);
  },
  true,
);

document.addEventListener(
  "keyup",
  (event) => {
    const key = keys.at(-1);
    if (key && key.code === event.code) key.heldMs ??= event.timeStamp - key.at;
  },
  true,
);

document.addEventListener(
  "beforeinput",
  (event) => {
    const isWhole = event.inputType === "insertText" || event.inputType === "insertFromPaste";
    const text = event.data ?? "";
    if (!isWhole || text.trim().length < KEYS_MIN || event.target.matches(PRIVATE)) return;
    if (event.target.id !== "q" && !CODE.test(text.trim())) return;
    forget();
    whole = { text, at: event.timeStamp };
    before = last;
    remember(event.target);
    if (event.inputType === "insertText" && /[\r\n\t]$/.test(text)) {
      stop(event);
      finish(event.timeStamp, document.body);
    }
  },
  true,
);

// A list of serial numbers as it is copied from a sheet or a mail, or null for other text.
export function codesIn(text) {
  const hasDigit = (part) => /\d/.test(part);
  const pieces = text.trim().split(/[\r\n\t,;]+/).map((piece) => piece.trim()).filter(Boolean);
  const codes = pieces.flatMap((piece) => {
    const parts = piece.split(/\s+/);
    return parts.every(hasDigit) ? parts : [piece];
  });
  const isList = codes.length > 1 && (/[\r\n\t]/.test(text.trim()) || codes.every(hasDigit));
  return isList ? codes : null;
}

// Nothing may be replaced on the page between two keys of a burst.
export const isTyping = () => performance.now() - last.at < DELAYED_MS;

export function onBurst(taker) {
  take = taker;
}
