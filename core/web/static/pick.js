// Choosing rows: one, a range with Shift, all of the page, all that match. The bar at the bottom says how many.
// What is chosen is sent by the checkboxes themselves; "all that match" is sent as the list's question.

const bar = document.querySelector("form.k-selbar");
const head = document.querySelector("[data-pick-page]");
const boxes = () => [...document.querySelectorAll("input[data-pick]")];
let last = null;

const tell = () => {
  const all = boxes(), chosen = all.filter((box) => box.checked);
  const total = Number(bar.dataset.total);
  const whole = bar.elements.all;
  if (whole.checked && chosen.length < all.length) whole.checked = false;
  all.forEach((box) => box.closest("tr").classList.toggle("is-selected", box.checked));
  bar.classList.toggle("is-on", chosen.length > 0);
  head.checked = chosen.length > 0 && chosen.length === all.length;
  head.indeterminate = chosen.length > 0 && chosen.length < all.length;
  whole.closest("label").hidden = !(head.checked && total > all.length);
  bar.querySelector("[data-said]").textContent = whole.checked
    ? bar.dataset.saidAll.replace("…", total.toLocaleString(document.documentElement.lang))
    : (head.checked ? bar.dataset.saidPage : bar.dataset.saidSome).replace("…", chosen.length.toLocaleString(document.documentElement.lang));
};
const pick = (box, far) => {
  const all = boxes();
  if (far && last && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    all.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
  }
  last = box;
  tell();
};

if (bar && head) {
  head.hidden = false;
  let shift = false;
  document.addEventListener("click", (event) => { shift = event.shiftKey; }, true);
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[data-pick]")) pick(event.target, shift);
    else if (event.target === head) { boxes().forEach((box) => { box.checked = head.checked; }); tell(); }
    else if (event.target === bar.elements.all) tell();
  });
  // Space chooses the row of the focused cell; Escape gives the choice up.
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const box = event.target.matches?.("tr > [data-field]") && event.target.closest("tr").querySelector("[data-pick]");
    if (event.key === " " && box) { event.preventDefault(); box.checked = !box.checked; pick(box, event.shiftKey); }
    if (event.key === "Escape" && !event.target.closest(".is-editing, input, textarea, select") && bar.classList.contains("is-on")) clear();
  });
  const clear = () => { boxes().forEach((box) => { box.checked = false; }); bar.elements.all.checked = false; tell(); };
  bar.querySelector("[data-clear]").addEventListener("click", clear);
  bar.querySelector("[data-clear]").hidden = false;
  document.addEventListener("kehu:rows", (event) => {
    if (bar.elements.all.checked) event.detail.forEach((row) => { const box = row.querySelector("[data-pick]"); if (box) box.checked = true; });
    tell();
  });
  addEventListener("pageshow", tell);
  tell();
}
