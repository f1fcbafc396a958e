// The queue by keyboard: one item is open, its buttons have keys, and J and K go to the others.

const items = [...document.querySelectorAll("[data-item]")];
const opened = () => items.findIndex((item) => item.classList.contains("is-open"));

const open = (at) => {
  if (at < 0 || at >= items.length) return;
  items.forEach((item, place) => {
    item.classList.toggle("is-open", place === at);
    item.querySelectorAll("[data-key]").forEach((button) => {
      if (place === at) button.dataset.keys = button.dataset.key;
      else delete button.dataset.keys;
    });
  });
};

items.forEach((item, at) => item.addEventListener("focusin", () => open(at)));
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input, textarea, select")) return;
  const menu = document.querySelector("[data-item] details[open]");
  const choice = menu?.querySelector(`[data-pick="${CSS.escape(event.key)}"]`);
  const step = { j: 1, k: -1 }[event.key];
  if (choice) choice.click();
  else if (step) { open(opened() + step); items[opened()]?.focus(); }
  else return;
  event.preventDefault();
});
open(0);
