// The switch of the theme, and the menu on small screens.

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

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && page.classList.contains("menu-open")) menuToggle.click();
});
