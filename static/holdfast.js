// Small conveniences. Every page works without them.
(() => {
  const page = document.documentElement;

  // Theme
  const toggle = document.querySelector("[data-theme-toggle]");
  const nameTheme = () => {
    const next = page.dataset.bsTheme === "dark" ? "Light" : "Dark";
    toggle.querySelector("[data-theme-label]").textContent = next;
  };
  if (toggle) {
    toggle.hidden = false;
    nameTheme();
    toggle.addEventListener("click", () => {
      page.dataset.bsTheme = page.dataset.bsTheme === "dark" ? "light" : "dark";
      localStorage.setItem("theme", page.dataset.bsTheme);
      nameTheme();
    });
  }

  // Menu on small screens
  const menuToggle = document.querySelector("[data-menu-toggle]");
  menuToggle?.addEventListener("click", () => {
    const open = page.classList.toggle("menu-open");
    menuToggle.setAttribute("aria-expanded", String(open));
  });

  // Keys: / goes to the search, Escape closes the menu.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector("[data-search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
    if (event.key === "Escape" && page.classList.contains("menu-open")) menuToggle.click();
  });

  // Filters send themselves; their button is for who has no script.
  for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;

  // Bulk actions
  const countChosen = () => {
    const boxes = [...document.querySelectorAll("[data-choose]")];
    const chosen = boxes.filter((box) => box.checked).length;
    for (const bar of document.querySelectorAll("[data-bulk-bar]")) {
      bar.classList.toggle("has-chosen", chosen > 0);
      bar.querySelector("[data-chosen-count]").textContent = chosen ? `${chosen} chosen` : "None chosen";
    }
    const all = document.querySelector("[data-choose-all]");
    if (all) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-choose-all]")) {
      for (const box of document.querySelectorAll("[data-choose]")) box.checked = event.target.checked;
    }
    if (event.target.matches("[data-choose], [data-choose-all]")) countChosen();
  });
  document.addEventListener("htmx:afterSettle", countChosen);

  // Times
  const spell = (seconds) => {
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min`;
    if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
    return `${Math.floor(minutes / 1440)} days`;
  };
  const twoDigits = (number) => String(number).padStart(2, "0");
  function refreshTimes() {
    for (const element of document.querySelectorAll("[data-relative]")) {
      const seconds = (Date.parse(element.dataset.relative) - Date.now()) / 1000;
      const words = spell(Math.abs(seconds));
      const text = words === "0 min" ? "just now" : seconds > 0 ? `in ${words}` : `${words} ago`;
      if (element.textContent !== text) element.textContent = text;
    }
    for (const element of document.querySelectorAll("[data-countdown]")) {
      const left = Math.round((Date.parse(element.dataset.countdown) - Date.now()) / 1000);
      element.classList.toggle("is-over", left <= 0);
      element.classList.toggle("is-close", left > 0 && left <= 180);
      if (left <= 0) element.textContent = `expired ${spell(-left)} ago`.replace("expired 0 min ago", "just expired");
      else if (left >= 3600) element.textContent = `in ${spell(left)}`;
      else element.textContent = `${Math.floor(left / 60)}:${twoDigits(left % 60)} left`;
    }
  }
  document.addEventListener("htmx:afterSwap", refreshTimes);
  setInterval(refreshTimes, 1000);
  refreshTimes();

  // An address says only what was chosen, and a page that nobody sees asks for nothing.
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches("[data-filters]")) return;
    for (const [name, value] of [...event.detail.formData]) if (!value) event.detail.formData.delete(name);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.target.matches("[data-live]")) event.preventDefault();
  });
})();
