// What is being typed into the new invoice stays when a part of the page is replaced under it, and
// Enter in one of its fields saves that field and nothing else. The page works without this.
(() => {
  const typed = new Map();
  const isOurs = (field) => field.form?.id === "sale" && field.matches("input, select, textarea");

  document.addEventListener("input", (event) => {
    if (isOurs(event.target) && event.target.id) typed.set(event.target.id, event.target);
  });

  // Saved as it stands: the answer shows it from now on.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (xhr.status >= 400 && xhr.status !== 422) return;
    for (const [id, field] of typed) {
      if (requestConfig.parameters[field.name] === field.value) typed.delete(id);
    }
  });
  const putBack = () => {
    for (const [id, before] of typed) {
      const field = document.getElementById(id);
      if (!field || field === before) continue;
      field.value = before.value;
      typed.set(id, field);
    }
  };
  document.addEventListener("htmx:afterSwap", putBack);
  document.addEventListener("htmx:oobAfterSwap", putBack);

  document.addEventListener("keydown", (event) => {
    const enter = event.key === "Enter" && !event.isComposing && !event.defaultPrevented;
    if (!enter || !isOurs(event.target) || !event.target.matches("input")) return;
    event.preventDefault();
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
