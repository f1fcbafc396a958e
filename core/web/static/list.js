// What makes a list quicker. It works without: all that is here is links and forms of the page.

const main = document.querySelector("main");
const scroller = main.querySelector(".k-gridscroll");

// Shift and a click on a head: sort by it besides.
main.addEventListener("click", (event) => {
  const head = event.target.closest("thead a[data-also]");
  if (!head || !event.shiftKey) return;
  event.preventDefault();
  location.assign(head.dataset.also);
});

// The sheets of the list, such as its columns, open over it.
const dialog = document.createElement("dialog");
dialog.className = "k-dialog ls-dialog";
document.body.append(dialog);
dialog.addEventListener("click", (event) => {
  const close = event.target.closest("[data-close-dialog]");
  if (close) event.preventDefault();
  if (close || event.target === dialog) dialog.close();
});
const open = async (address) => {
  const reply = await fetch(address).catch(() => null);
  if (!reply?.ok || reply.redirected) { location.assign(address); return; }
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  dialog.replaceChildren(page.querySelector("[data-sheet]"));
  dialog.setAttribute("aria-label", dialog.querySelector("h1").textContent);
  if (!dialog.open) dialog.showModal();
  fit(dialog);
  const place = [...dialog.querySelectorAll(".ls-what")].at(-1) || dialog;
  place.querySelector("input:not([type=hidden]):not(:disabled), select")?.focus();
};

// Of a line of the filter only those inputs are there that its operator needs.
const fit = (place) => place.querySelectorAll(".ls-operator").forEach((select) => {
  select.closest(".ls-line").querySelectorAll("[data-for]").forEach((part) => {
    part.hidden = !part.dataset.for.split(",").includes(select.value);
    part.querySelectorAll("input").forEach((input) => { input.disabled = part.hidden; });
  });
});
fit(document);
document.addEventListener("change", (event) => {
  const line = event.target.closest(".ls-operator")?.closest(".ls-line");
  if (!line) return;
  fit(line);
  line.querySelector("[data-for]:not([hidden]) input:not([type=hidden])")?.focus();
});
dialog.addEventListener("click", (event) => {
  const button = event.target.closest("[data-partial]");
  if (!button) return;
  event.preventDefault();
  open(`${button.form.action}?${new URLSearchParams(new FormData(button.form, button))}`);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link.href);
});

// Columns move up and down where they stand.
dialog.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (!button) return;
  event.preventDefault();
  const line = button.closest("li");
  const other = button.dataset.move < 0 ? line.previousElementSibling : line.nextElementSibling;
  if (!other) return;
  if (button.dataset.move < 0) other.before(line); else other.after(line);
  button.focus();
});
dialog.addEventListener("change", (event) => {
  if (event.target.name !== "columns") return;
  const line = event.target.closest("li");
  line.querySelectorAll("[data-move]").forEach((button) => { button.hidden = !event.target.checked; });
  const others = [...line.parentElement.querySelectorAll("li:has(:checked)")].filter((one) => one !== line);
  if (event.target.checked) others.at(-1)?.after(line);
  event.target.focus();
});
dialog.addEventListener("submit", (event) => {
  // What is empty need not stand in the address.
  if (event.target.method !== "get" || event.target.elements.saved) return;  // a view may be asked for less
  event.target.querySelectorAll("select, input").forEach((field) => { if (!field.value) field.disabled = true; });
});

// The next page comes when the end of this one is near; the address follows what is at the top.
const pager = main.querySelector(".k-pager");
const starts = [];  // the rows with which pages begin, and their addresses
let busy = false;
const more = async () => {
  const link = pager.querySelector("a[rel=next]");
  if (!link || busy) return;
  busy = true;
  const reply = await fetch(link.href).catch(() => null);
  if (reply?.ok && !reply.redirected) {
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const rows = [...page.querySelectorAll(".k-grid tbody tr")];
    if (rows.length) starts.push([rows[0], link.href]);
    main.querySelector(".k-grid tbody").append(...rows);
    const next = page.querySelector(".k-pager a[rel=next]");
    if (next) link.replaceWith(next); else link.remove();
    const note = pager.querySelector("[data-of]");
    note.textContent = note.dataset.of.replace("…", main.querySelectorAll("[data-record]").length.toLocaleString());
    document.dispatchEvent(new CustomEvent("kehu:rows", { detail: rows }));
  }
  busy = false;
  if (reply?.ok) near();
};
const near = () => {
  const last = main.querySelector(".k-grid tbody tr:last-child");
  if (last && last.getBoundingClientRect().top < innerHeight + 600) more();
};
const first = location.href;
let waiting;
const follow = () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const top = Math.max(scroller.getBoundingClientRect().top, 0) + 34;
    const passed = starts.filter(([row]) => row.getBoundingClientRect().top <= top).at(-1);
    const address = passed ? passed[1] : first;
    if (starts.length && location.href !== address) history.replaceState(null, "", address);
  }, 200);
};
if (pager) {
  near();
  [scroller, window].forEach((one) => one.addEventListener("scroll", () => { near(); follow(); }, { passive: true }));
}
