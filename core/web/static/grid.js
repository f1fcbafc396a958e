// Cells of a list as in a spreadsheet: arrows move, Enter, F2 or a double click edits, Enter and Tab save and go on.
// Every cell is saved by itself, and can be set back beside the word that says so.

const grid = document.querySelector(".k-grid");
const wide = matchMedia("(min-width: 768px)");
let edited = null; // the cell whose field is open
let busy = false; // a field is on its way, or what was typed is
let keys = []; // what is pressed meanwhile

// --- moving -----------------------------------------------------------------------------------------------

const rowsOf = () => [...grid.querySelectorAll("tr[data-record]")];
const cellsOf = (row) => [...row.querySelectorAll(":scope > [data-field]")].filter((cell) => cell.offsetParent);
const cellOf = (element) => element.closest?.("tr[data-record] > [data-field]");
const focus = (cell) => {
  grid.querySelectorAll("[data-field][tabindex='0']").forEach((one) => { one.tabIndex = -1; });
  cell.tabIndex = 0;
  cell.focus();
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
};
const prepare = (rows) => rows.forEach((row) => row.querySelectorAll("[data-field]").forEach((cell) => { cell.tabIndex = -1; }));
const beside = (cell, across, down) => {
  const row = cell.closest("tr"), rows = rowsOf(), cells = cellsOf(row);
  const other = rows[Math.min(Math.max(rows.indexOf(row) + down, 0), rows.length - 1)];
  const at = Math.min(Math.max(cells.indexOf(cell) + across, 0), cells.length - 1);
  return cellsOf(other)[at] || cell;
};
const following = (cell, step) => {
  const cells = rowsOf().flatMap(cellsOf);
  return cells[cells.indexOf(cell) + step] || cell;
};

const moves = {
  ArrowLeft: (cell) => beside(cell, -1, 0),
  ArrowRight: (cell) => beside(cell, 1, 0),
  ArrowUp: (cell) => beside(cell, 0, -1),
  ArrowDown: (cell) => beside(cell, 0, 1),
  Home: (cell, far) => (far ? cellsOf(rowsOf()[0])[0] : cellsOf(cell.closest("tr"))[0]),
  End: (cell, far) => cellsOf(far ? rowsOf().at(-1) : cell.closest("tr")).at(-1),
};

// --- editing ----------------------------------------------------------------------------------------------

const tip = (cell, text) => {
  cell.querySelector(":scope > .k-celltip")?.remove();
  const told = document.createElement("p");
  told.className = "k-pop k-celltip bad";
  told.setAttribute("role", "alert");
  told.textContent = text;
  cell.append(told);
  cell.classList.add("is-told");
  cell.addEventListener("blur", () => { told.remove(); cell.classList.remove("is-told"); }, { once: true });
};
const refusal = async (reply) => {
  const page = kehu.parsed(await reply.text());
  return [...page.querySelectorAll(".er-in h1, .er-in > p:not(.er-no), .er-list li")].map((one) => one.textContent.trim()).join(" ");
};

const show = (cell, page) => {
  const form = page.querySelector("form.k-single");
  cell.replaceChildren(form);
  kehu.enhance(cell);
  form.before = JSON.stringify([...new FormData(form)]);
  const field = cell.querySelector("input:not([type=hidden]):not([hidden]), select:not([hidden]), textarea");
  field?.focus();
  if (field?.select && field.type !== "checkbox") field.select();
};
const edit = async (cell) => {
  if (!wide.matches || edited || busy) return;
  edited = cell;
  busy = true;
  const number = cell.closest("tr").dataset.record.split("/")[1];
  const address = `${location.pathname}/${number}/fields/${encodeURIComponent(cell.dataset.field)}${location.search}`;
  const [reply] = await Promise.all([fetch(address), kehu.fields()]).catch(() => [null]);
  if (reply?.ok && !reply.redirected) {
    cell.kept = [...cell.childNodes];
    cell.classList.add("is-editing");
    show(cell, kehu.parsed(await reply.text()));
  } else {
    edited = null;
    keys = [];
    if (reply?.redirected) location.reload();
    else if (reply) tip(cell, await refusal(reply));
  }
  goOn();
};

// Nobody waits for a field or for the answer to what was saved: keys come to what has the focus afterwards.
const held = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.length > 1 && !["Enter", "Tab", "Escape", "F2"].includes(event.key) && !moves[event.key]) return;
  event.preventDefault();
  event.stopPropagation();
  keys.push({ key: event.key, shiftKey: event.shiftKey, bubbles: true, cancelable: true });
};
const typed = (text) => {
  const field = document.activeElement;
  if (field.tagName !== "SELECT") { document.execCommand("insertText", false, text); return; }
  const option = [...field.options].find((one) => one.text.trim().toLowerCase().startsWith(text.toLowerCase()));
  if (option) option.selected = true;
};
const goOn = () => {
  busy = false;
  while (keys.length && !busy) {
    let text = "";
    while (edited && keys[0]?.key.length === 1) text += keys.shift().key;
    if (text) typed(text);
    else document.activeElement.dispatchEvent(new KeyboardEvent("keydown", keys.shift()));
  }
};
const close = (cell) => {
  edited = null;
  cell.classList.remove("is-editing");
  cell.replaceChildren(...cell.kept);
};

const replaced = (row, fresh) => {
  const box = row.querySelector("[data-pick]"), other = fresh.querySelector("[data-pick]");
  if (box && other) other.checked = box.checked;
  fresh.className = row.className;
  prepare([fresh]);
  row.replaceWith(fresh);
};
const save = async (cell, go) => {
  const form = cell.querySelector("form.k-single");
  if (!form || busy) return;
  if (JSON.stringify([...new FormData(form)]) === form.before) {
    close(cell);
    focus(go(cell));
    return;
  }
  busy = true;
  cell.setAttribute("aria-busy", "true");
  const reply = await kehu.send(form.action, new URLSearchParams(new FormData(form))).catch(() => null);
  cell.removeAttribute("aria-busy");
  const isSaved = reply && await answered(cell, form, reply, go); // without the network, what was typed stays
  if (!isSaved) keys = []; // they were meant for the next cell
  goOn();
};
// Whether it was saved.
const answered = async (cell, form, reply, go) => {
  const page = kehu.parsed(await reply.clone().text());
  const isSaved = reply.ok && page.querySelector(".k-toast") !== null;
  if (isSaved) {
    const row = cell.closest("tr"), fresh = page.querySelector("tr[data-record]");
    const at = [rowsOf().indexOf(go(cell).closest("tr")), cellsOf(row).indexOf(go(cell)), go(cell).dataset.field];
    close(cell);
    if (fresh) replaced(row, fresh); else row.remove();
    kehu.toast(page.querySelector(".k-toast"));
    const target = rowsOf()[Math.min(at[0], rowsOf().length - 1)];
    const next = target && cellsOf(target).find((one) => one.dataset.field === at[2]);
    if (next) focus(next);
  } else if (page.querySelector("form.k-single")) show(cell, page);
  else if (page.querySelector("[data-view=conflict], #password")) { form.action = form.dataset.edit; form.submit(); }
  else { close(cell); focus(cell); tip(cell, await refusal(reply)); }
  return isSaved;
};

const here = (cell) => cell;
const down = (cell) => beside(cell, 0, 1);
const up = (cell) => beside(cell, 0, -1);

const inEditor = (event) => {
  const cell = edited, isText = event.target.matches("textarea");
  if (event.key === "Escape") { close(cell); focus(cell); }
  else if (event.key === "Enter" && !(isText && (event.shiftKey || event.altKey))) save(cell, event.shiftKey ? up : down);
  else if (event.key === "Tab") save(cell, (one) => following(one, event.shiftKey ? -1 : 1));
  else return;
  event.preventDefault();
  event.stopPropagation();
};
const inCell = (event, cell) => {
  if (event.altKey || event.shiftKey || event.metaKey) return;
  const move = moves[event.key];
  if (event.key === "F2") edit(cell);
  else if (event.target !== cell) return; // a link in it has its own keys
  else if (event.key === "Enter" && cell.tagName === "TH") cell.querySelector("a")?.click();
  else if (event.key === "Enter") edit(cell);
  else if (move) focus(move(cell, event.ctrlKey));
  else return;
  event.preventDefault();
};

if (grid) {
  grid.setAttribute("role", "grid");
  prepare(rowsOf());
  const first = rowsOf()[0] && cellsOf(rowsOf()[0])[0];
  if (first) first.tabIndex = 0;
  document.addEventListener("kehu:rows", (event) => prepare(event.detail));
  grid.addEventListener("keydown", (event) => {
    const cell = cellOf(event.target);
    if (!cell || event.isComposing) return;
    if (busy && event.isTrusted) held(event);
    else if (edited === cell) inEditor(event);
    else inCell(event, cell);
  });
  grid.addEventListener("focusin", (event) => {
    const cell = cellOf(event.target);
    if (cell === event.target && cell.tabIndex !== 0) {
      grid.querySelectorAll("[data-field][tabindex='0']").forEach((one) => { one.tabIndex = -1; });
      cell.tabIndex = 0;
    }
  });
  grid.addEventListener("focusout", () => setTimeout(() => {
    if (edited && !busy && !edited.contains(document.activeElement) && !document.querySelector("dialog[open]") && document.hasFocus()) save(edited, here);
  }));
  grid.addEventListener("dblclick", (event) => {
    const cell = cellOf(event.target);
    if (cell && cell !== edited && !event.target.closest("a, button, input")) { getSelection()?.removeAllRanges(); edit(cell); }
  });
  grid.addEventListener("submit", (event) => event.preventDefault());
}

// Undo sets the rows back where they are.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!grid || !form.closest(".k-toast") || !form.action.includes("/changes/")) return;
  event.preventDefault();
  const reply = await kehu.send(form.action, new URLSearchParams(new FormData(form))).catch(() => null);
  const page = reply?.ok && kehu.parsed(await reply.text());
  if (!page || new URL(reply.url).pathname !== location.pathname) { form.submit(); return; }
  const fresh = [...page.querySelectorAll(".k-grid tbody tr")];
  if (!fresh.length || rowsOf().length > fresh.length + 1) { location.reload(); return; } // there are further pages
  const at = cellOf(document.activeElement);
  const place = at && [at.closest("tr").dataset.record, at.dataset.field];
  grid.tBodies[0].replaceChildren(...fresh);
  prepare(rowsOf());
  kehu.toast(page.querySelector(".k-toast"));
  const back = place && grid.querySelector(`tr[data-record="${CSS.escape(place[0])}"] > [data-field="${CSS.escape(place[1])}"]`);
  if (back) focus(back);
});

// A new record is made over the list; a click with a key held down, or no scripts, leads to its page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-short]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const leave = () => location.assign(link.href);
  kehu.fields().then(() => kehu.short(`${link.pathname}?form=short`, () => location.reload(), link), leave);
});
