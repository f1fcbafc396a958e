// One box for records and actions: what the page offers in [data-group], and what the server finds.

const palette = document.getElementById("palette");
const keys = document.getElementById("keys");
const box = palette.querySelector("input");
const list = palette.querySelector("[role=listbox]");
const template = palette.querySelector("template").content;
let found = [];
let asked = 0;

const plain = (text) => text.toLowerCase().replace(/\s+/g, "");
const fits = (element, needle) => plain(element.textContent).includes(needle) || (element.dataset.spoken || "").includes(needle);

// Each place or action once, in the order of the page, under the title of its group.
const actions = (needle) => {
  const groups = new Map();
  document.querySelectorAll("[data-group]").forEach((group) => {
    group.querySelectorAll("a[href], button:not([data-close])").forEach((element) => {
      const label = [...element.childNodes].filter((node) => node.nodeName !== "KBD").map((node) => node.textContent).join("").trim();
      const lines = groups.get(group.dataset.group) || new Map();
      if (label && fits(element, needle) && !lines.has(label)) {
        lines.set(label, { label, path: element.href || "", icon: element.querySelector("use")?.getAttribute("href"), element });
      }
      groups.set(group.dataset.group, lines);
    });
  });
  return [...groups].filter(([, lines]) => lines.size).map(([title, lines]) => ({ title, found: [...lines.values()].slice(0, needle ? 6 : 8) }));
};

const line = (one, icon, at) => {
  const row = template.querySelector("[role=option]").cloneNode(true);
  row.id = `option-${at}`;
  row.setAttribute("aria-selected", at === 0);
  row.querySelector("use").setAttribute("href", one.icon || icon || palette.dataset.icon);
  const [label, note] = row.querySelectorAll("span.t > *");
  label.textContent = one.label;
  note.textContent = one.note || "";
  row.querySelector(".k").textContent = one.value || "";
  if (one.disc) row.querySelector(".k").classList.add("k-state", one.disc);
  row.chosen = one;
  return row;
};

// What one has opened lately lies in this browser alone, for this user, until he logs out.
const recents = (() => {
  const key = `recent ${document.querySelector("[data-user]").dataset.user}`;
  const read = () => { try { return JSON.parse(localStorage.getItem(key)) || []; } catch { return []; } };
  const record = document.querySelector("main[data-view=record]")?.dataset.record;
  if (record) {
    const one = { record, path: location.pathname, label: document.querySelector("main h1").textContent, icon: document.querySelector(".k-nav[aria-current] use")?.getAttribute("href") };
    try { localStorage.setItem(key, JSON.stringify([one, ...read().filter((other) => other.record !== record)].slice(0, 10))); } catch { /* no room: none are kept */ }
  }
  document.addEventListener("submit", (event) => {
    if (new URL(event.target.action, location.href).pathname === "/logout") try { localStorage.removeItem(key); } catch { /* nor is there anything to forget */ }
  });
  return () => read().filter((one) => one.path !== location.pathname).map(({ path, label, icon }) => ({ path: String(path).replace(/^\/*/, "/"), label: String(label), icon }));
})();

const draw = () => {
  const needle = plain(box.value.trim());
  const opened = needle ? [] : recents();
  const groups = [...(opened.length ? [{ title: palette.dataset.recent, found: opened }] : []), ...found, ...actions(needle)];
  if (needle.length > 1) groups.push({ title: "", found: [{ label: palette.dataset.all, path: `/search?q=${encodeURIComponent(box.value.trim())}` }] });
  let at = 0;
  list.replaceChildren(...groups.map((group) => {
    const part = template.querySelector("[role=group]").cloneNode(true);
    part.setAttribute("aria-label", group.title || palette.dataset.all);
    part.firstElementChild.textContent = group.title;
    part.firstElementChild.hidden = !group.title;
    part.append(...group.found.map((one) => line(one, group.icon, at++)));
    return part;
  }));
  point();
};

const options = () => [...list.querySelectorAll("[role=option]")];
const selected = () => list.querySelector("[aria-selected=true]");
const point = () => {
  box.setAttribute("aria-activedescendant", selected()?.id || "");
  selected()?.scrollIntoView({ block: "nearest" });
};
const move = (steps) => {
  const all = options();
  if (!all.length) return;
  const now = all.indexOf(selected());
  all[now]?.setAttribute("aria-selected", "false");
  all[(now + steps + all.length) % all.length].setAttribute("aria-selected", "true");
  point();
};

const go = (row, apart) => {
  if (!row) return;
  const { path, element } = row.chosen;
  palette.close();
  if (path && apart) window.open(path, "_blank", "noopener");
  else if (element) element.click();
  else location.assign(path);
};

let answered = ""; // the text whose hits are shown
const ask = async () => {
  const text = box.value.trim();
  const mine = ++asked;
  if (text.length < 2) { found = []; answered = text; draw(); return; }
  const reply = await fetch(`/search/suggest?q=${encodeURIComponent(text)}`).catch(() => null);
  if (mine !== asked) return; // somebody has typed on
  const hits = reply?.ok && !reply.redirected ? await reply.json() : [];
  if (mine !== asked) return;
  found = hits;
  answered = text;
  draw();
};

// Enter means what was typed, not the hits of what stood there before.
const enter = async (apart) => {
  const text = box.value.trim();
  if (text.length > 1 && text !== answered) {
    clearTimeout(waiting);
    await ask();
    if (!palette.open || text !== answered || text !== box.value.trim()) return;
  }
  go(selected(), apart);
};

let waiting;
box.addEventListener("input", (event) => {
  clearTimeout(waiting);
  draw();
  if (!event.isComposing) waiting = setTimeout(ask, 120);
});
box.addEventListener("compositionend", () => { waiting = setTimeout(ask, 0); });
box.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) move(step);
  else if (event.key === "Enter") enter(event.ctrlKey || event.metaKey);
  else return;
  event.preventDefault();
});
list.addEventListener("click", (event) => go(event.target.closest("[role=option]"), event.ctrlKey || event.metaKey));
list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus

const open = () => {
  if (palette.open) return;
  found = [];
  box.value = answered = "";
  draw();
  palette.showModal();
};
[palette, keys].forEach((dialog) => {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
});
document.querySelectorAll(".k-search input").forEach((input) => {
  input.addEventListener("pointerdown", (event) => { event.preventDefault(); open(); });
});

// Keys by themselves, or one after the other: [data-keys="g c"]. Never while something is typed.
// What this page's own parts answer to, by the names they have.
const here = () => {
  const part = document.getElementById("keys-here");
  const lines = [...document.querySelectorAll("main [data-keys]")].flatMap((element) => {
    const term = document.createElement("dt"), keyed = document.createElement("dd"), key = document.createElement("kbd");
    term.textContent = (element.getAttribute("aria-label") || element.closest("label")?.textContent || element.textContent).trim();
    key.textContent = element.dataset.keys.toUpperCase();
    keyed.append(key);
    return term.textContent && element.dataset.keys.length === 1 ? [term, keyed] : [];
  });
  part.querySelector("dl").replaceChildren(...lines);
  part.hidden = !lines.length;
};
const named = { "/": open, "?": () => { here(); keys.showModal(); } };
let pressed = [];
let since = 0;
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || document.querySelector("dialog[open]")) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); open(); return; }
  if (event.ctrlKey || event.metaKey || event.target.matches("input, textarea, select, [contenteditable]")) return;
  pressed = event.timeStamp - since < 1200 ? [...pressed, event.key.toLowerCase()] : [event.key.toLowerCase()];
  since = event.timeStamp;
  const wanted = pressed.join(" ");
  const target = document.querySelector(`[data-keys="${CSS.escape(wanted)}"]`);
  if (named[wanted]) { event.preventDefault(); pressed = []; named[wanted](); }
  else if (target) { event.preventDefault(); pressed = []; target.click(); }
  else if (!document.querySelector(`[data-keys^="${CSS.escape(wanted)} "]`)) pressed = [];
  else document.querySelector(`details[data-opens="${CSS.escape(wanted)}"]`)?.setAttribute("open", "");
});
