// The new invoice saves itself field by field. What was typed here stays in its field until a part
// of the page that was asked for after it was saved says otherwise. Enter in a field saves that field
// and nothing else. The page works without this.

const DRAFT = "/invoices/new/draft";
const typed = new Map();
const begun = new WeakMap();
const isOurs = (field) => field.form?.id === "sale" && field.getAttribute("hx-post") === DRAFT;
const save = (field) => field.dispatchEvent(new Event("change", { bubbles: true }));
const note = (field, asked) =>
  typed.set(field.id, { field, name: field.name, value: field.value, asked, sending: false, savedAt: null });

document.addEventListener("input", ({ target }) => {
  if (isOurs(target)) note(target, false);
});
document.addEventListener("change", ({ target }) => isOurs(target) && note(target, true), true);
// A field that was replaced while it had the focus has no change event of its own.
document.addEventListener("focusout", ({ target }) => {
  if (isOurs(target) && typed.get(target.id)?.asked === false) save(target);
});

const entriesIn = ({ path, parameters }) =>
  path === DRAFT ? [...typed.values()].filter(({ name, value }) => parameters[name] === value) : [];
document.addEventListener("htmx:beforeSend", ({ detail: { xhr, requestConfig } }) => {
  begun.set(xhr, performance.now());
  for (const entry of entriesIn(requestConfig)) entry.sending = true;
});
document.addEventListener("htmx:afterRequest", ({ detail: { requestConfig } }) => {
  for (const entry of entriesIn(requestConfig)) entry.sending = false;
});

let answer = null;
document.addEventListener("htmx:beforeSwap", ({ detail: { xhr, requestConfig } }) => {
  answer = xhr;
  if (xhr.status >= 400 && xhr.status !== 422) return;
  for (const entry of entriesIn(requestConfig)) entry.savedAt = performance.now();
});
function putBack() {
  for (const [id, entry] of [...typed]) {
    const field = document.getElementById(id);
    if (!field || (entry.savedAt !== null && begun.get(answer) > entry.savedAt)) {
      typed.delete(id);
      continue;
    }
    if (field.value !== entry.value) field.value = entry.value;
    // What waited to be sent for a field that is gone is never sent, and a field that lost the focus
    // by being replaced is not left again: unless the focus is back in it by then, save it now.
    const isLost = entry.field !== field && entry.savedAt === null && !entry.sending;
    entry.field = field;
    if (!isLost) continue;
    entry.asked = false;
    setTimeout(() => {
      if (!entry.asked && typed.get(id) === entry && field !== document.activeElement) save(field);
    }, 100);
  }
}
document.addEventListener("htmx:afterSwap", putBack);
document.addEventListener("htmx:oobAfterSwap", putBack);

document.addEventListener("keydown", (event) => {
  const isEnter = event.key === "Enter" && !event.isComposing && !event.defaultPrevented;
  if (!isEnter || !isOurs(event.target) || !event.target.matches("input")) return;
  event.preventDefault();
  save(event.target);
});
