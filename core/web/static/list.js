// What makes a list quicker. It works without: all that is here is links and forms of the page.

const main = document.querySelector("main");
const scroller = main.querySelector(".k-gridscroll");

// The view that is open is in sight, however many there are.
const views = main.querySelector(".k-tabs");
const opened = views?.querySelector("[aria-current]");
views?.addEventListener("scroll", () => views.classList.toggle("is-scrolled", views.scrollLeft > 0));
if (opened) {
  const room = views.clientWidth - views.lastElementChild.offsetWidth; // beside what adds a view
  views.scrollLeft = opened.offsetLeft - views.offsetLeft - Math.max(0, room - opened.offsetWidth) / 2;
}

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
  const page = kehu.parsed(await reply.text());
  dialog.replaceChildren(page.querySelector("[data-sheet]"));
  kehu.fields();
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
    const page = kehu.parsed(await reply.text());
    const rows = [...page.querySelectorAll(".k-grid tr[data-record]")];
    if (rows.length) starts.push([rows[0], link.href]);
    [...main.querySelectorAll(".k-grid tr[data-record]")].at(-1).after(...rows);
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
  const last = [...main.querySelectorAll(".k-grid tr[data-record]")].at(-1);
  if (last && last.getBoundingClientRect().top < innerHeight + 600) more();
};
const first = location.href;
let waiting;
const follow = () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const top = Math.max(scroller.getBoundingClientRect().top, 0) + 34;
    const passed = starts.filter(([row]) => row.getBoundingClientRect().top <= top).at(-1);
    const address = new URL(passed ? passed[1] : first), beside = new URL(location.href).searchParams.get("preview");
    if (beside) address.searchParams.set("preview", beside); else address.searchParams.delete("preview");
    if (starts.length && location.href !== address.href) history.replaceState(null, "", address);
  }, 200);
};
if (pager) {
  near();
  [scroller, window].forEach((one) => one.addEventListener("scroll", () => { near(); follow(); }, { passive: true }));
}

// A record beside the list: a click on its row, P; J and K go from row to row, O opens it, Escape closes it.
const wrap = main.querySelector(".k-listwrap");
const panel = () => wrap.querySelector(".k-preview");
const rowOf = (element) => element.closest("tr[data-record]");
const rows = () => [...wrap.querySelectorAll("tr[data-record]")];
const idOf = (row) => row.dataset.record.split("/").at(-1);
const current = () => rowOf(document.activeElement) || wrap.querySelector("tr.is-open");
const addressed = (id) => {
  const address = new URL(location.href);
  if (id) address.searchParams.set("preview", id); else address.searchParams.delete("preview");
  history.replaceState(null, "", address);
};
const mark = (row) => rows().forEach((one) => one.classList.toggle("is-open", one === row));
let wanted = "";
const preview = async (row) => {
  const id = wanted = idOf(row);
  mark(row);
  const reply = await fetch(`${location.pathname}/${id}/preview`).catch(() => null);
  if (wanted !== id) return; // somebody has gone on
  if (!reply?.ok || reply.redirected) { location.assign(wrap.dataset.peek + id); return; }
  const fresh = kehu.parsed(await reply.text()).querySelector(".k-preview");
  if (panel()) panel().replaceWith(fresh); else wrap.querySelector(".k-gridscroll").after(fresh);
  wrap.classList.add("with-preview");
  addressed(id);
  row.scrollIntoView({ block: "nearest" });
};
const shut = () => {
  wanted = "";
  panel()?.remove();
  wrap.classList.remove("with-preview");
  mark(null);
  addressed("");
};
const step = (by) => {
  const all = rows(), at = all.indexOf(current());
  const row = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!row) return;
  (row.querySelector("[data-field][tabindex]") || row.querySelector("a.name")).focus();
  if (panel()) preview(row);
};
if (wrap) {
  let clicked;
  wrap.addEventListener("click", (event) => {
    const by = event.target.closest("[data-step]");
    if (by || event.target.closest("[data-close-preview]")) {
      event.preventDefault();
      if (by) step(Number(by.dataset.step)); else shut();
      return;
    }
    const eye = event.target.closest("a.peek");
    if (event.ctrlKey || event.metaKey || event.shiftKey || !matchMedia("(min-width: 768px)").matches) return;
    if (eye) event.preventDefault();
    else if (event.target.closest("a, button, input, select, textarea, label, thead, form, aside, nav")) return;
    const row = rowOf(event.target);
    clearTimeout(clicked);
    if (row && event.detail < 2 && !getSelection().toString()) clicked = setTimeout(() => preview(row), eye ? 0 : 220); // a double click is for the cell
  });
  wrap.addEventListener("dblclick", () => clearTimeout(clicked));
  wrap.addEventListener("focusin", (event) => {
    const row = rowOf(event.target);
    if (panel() && row && idOf(row) !== wanted && event.target.matches("[data-field]")) preview(row);
  });
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open], details.k-menu[open]")) return;
    if (event.target.matches("input, textarea, select")) return;
    const by = { j: 1, k: -1 }[event.key];
    if (by) step(by);
    else if (event.key === "p" && current()) preview(current());
    else if (event.key === "Escape" && panel()) shut();
    else return;
    event.preventDefault();
  });
  wanted = panel()?.dataset.previewed.split("/").at(-1) || "";
}
