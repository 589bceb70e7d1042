// What is pressed shows it until the answer is there, and cannot be pressed twice meanwhile.
(() => {
  // After this a press may be tried once more; its form counts once all the same.
  const PATIENCE_MS = 30_000;
  const busy = new Set();

  const submitButtons = (form) => [...form.elements].filter((one) => one.matches("button:not([type=button])"));

  // Not `disabled`: that would take the focus away.
  function begin(source, submitter) {
    const isForm = source.matches("form");
    const buttons = isForm ? submitButtons(source) : [];
    const pressed = submitter ?? buttons[0] ?? source;
    const controls = new Set([pressed, ...buttons]);
    for (const one of controls) if (one.matches("button, a")) one.setAttribute("aria-disabled", "true");
    pressed.setAttribute("aria-busy", "true");
    const press = { source, controls };
    busy.add(press);
    return press;
  }

  function end(press) {
    busy.delete(press);
    for (const one of press.controls) {
      one.removeAttribute("aria-disabled");
      one.removeAttribute("aria-busy");
    }
  }

  const isBusy = (source) => [...busy].some((press) => press.source === source);
  const endAll = () => busy.forEach(end);

  // An old word never stands beside a newer one.
  function clearMessages() {
    for (const id of ["alerts", "notices"]) document.getElementById(id)?.replaceChildren();
  }

  // Forms and links that load a page

  document.addEventListener(
    "submit",
    (event) => {
      if (!isBusy(event.target)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );

  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const press = begin(event.target, event.submitter);
    if (event.target.method === "post") clearMessages();
    setTimeout(() => end(press), PATIENCE_MS);
  });

  const loadsPage = (link) =>
    link.origin === location.origin &&
    !link.target &&
    !link.hasAttribute("download") &&
    !(link.hash && link.href.split("#")[0] === location.href.split("#")[0]);

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.btn[href]");
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || event.defaultPrevented || !isPlain || !loadsPage(link)) return;
    if (isBusy(link)) return event.preventDefault();
    const press = begin(link);
    setTimeout(() => end(press), PATIENCE_MS);
  });

  addEventListener("pageshow", endAll);
  // Loading was stopped, or what came was a file.
  window.navigation?.addEventListener("navigateerror", endAll);

  // Requests of HTMX

  const presses = new WeakMap();
  document.addEventListener("htmx:beforeSend", (event) => {
    const { xhr, requestConfig, elt } = event.detail;
    const cause = requestConfig.triggeringEvent;
    const isPressed = cause?.type === "submit" || cause?.type === "click";
    if (requestConfig.verb === "get" && !isPressed) return;
    presses.set(xhr, begin(elt, cause?.submitter));
    if (requestConfig.verb !== "get") clearMessages();
  });
  // After the answer, an error, a time-out or an abort alike.
  document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => {
    xhr.addEventListener("loadend", () => presses.has(xhr) && end(presses.get(xhr)));
  });

  // An answer goes to the part of the page as it is now, also when another answer has replaced it.
  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    const { xhr } = detail;
    const answered = xhr.onload;
    xhr.onload = (event) => {
      const { target } = detail;
      if (!target.isConnected && target.id) detail.target = document.getElementById(target.id) ?? target;
      answered.call(xhr, event);
    };
  });

  // That the store did not answer is over with its next answer.
  document.addEventListener("htmx:beforeSwap", ({ detail: { xhr } }) => {
    if (xhr.status < 400) document.querySelector("#alerts [data-passing]")?.remove();
    else document.getElementById("notices")?.replaceChildren();
  });

  const NO_ANSWER = "The store does not answer. Check the connection, then try again.";
  const NOT_SAVED = "The store does not answer. What you typed is not saved yet; it stays in its field and is sent with the form.";
  const NOT_KNOWN =
    "The store does not answer, so it is not known whether this was done. Check the connection, then press again: it counts once.";

  function sayNoAnswer({ detail: { requestConfig, elt } }) {
    const words = document.createElement("div");
    words.className = "refusal";
    words.setAttribute("role", "alert");
    words.dataset.passing = "";
    const isField = elt.matches("input, select, textarea");
    words.textContent = requestConfig.verb === "get" ? NO_ANSWER : isField ? NOT_SAVED : NOT_KNOWN;
    clearMessages();
    document.getElementById("alerts")?.append(words);
  }
  document.addEventListener("htmx:sendError", sayNoAnswer);
  document.addEventListener("htmx:timeout", sayNoAnswer);

  document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
    if (target.id === "alerts") target.scrollIntoView({ block: "nearest" });
  });

  // A notice that came with the page is said like one that came later.
  const notices = document.getElementById("notices");
  if (notices?.childElementCount) {
    const said = [...notices.childNodes];
    notices.replaceChildren();
    requestAnimationFrame(() => notices.append(...said));
  }
})();
