// Boxes that choose rows: how many are chosen, and all of them at once.

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
