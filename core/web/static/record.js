// A record's page: tabs without loading, and older entries in place. It works without.

const columns = document.querySelector(".rec-cols");

document.querySelectorAll("[data-tab]").forEach((tab) => {
  tab.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    columns.dataset.show = tab.dataset.tab;
    document.querySelectorAll("[data-tab]").forEach((one) => {
      if (one === tab) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    });
    const address = new URL(location);
    address.searchParams.set("show", tab.dataset.tab);
    history.replaceState(null, "", address);
  });
});

// Older entries are appended; groups that go on are joined.
const older = (link) => link.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.getAttribute("aria-busy")) return;
  link.setAttribute("aria-busy", "true");
  const reply = await fetch(link.href).catch(() => null);
  if (!reply?.ok || reply.redirected) { location.assign(link.href); return; }
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const entries = document.getElementById("entries");
  const heads = [...entries.querySelectorAll(".tl-head")];
  const first = page.querySelector("#entries .k-tl > li");
  page.querySelectorAll("#entries .tl-head").forEach((head, place) => {
    const list = head.nextElementSibling;
    const last = heads.at(-1);
    if (place === 0 && last?.textContent === head.textContent) last.nextElementSibling.append(...list.children);
    else entries.append(head, list);
  });
  const next = page.getElementById("older");
  if (next) { link.replaceWith(next); older(next); } else link.remove();
  const target = first?.querySelector("a, button");
  target?.focus({ preventScroll: true });
});
document.querySelectorAll("#older").forEach(older);

// The composer: a kind leads to the text, Ctrl+Enter sends it.
document.querySelectorAll("form[data-composer]").forEach((form) => {
  const text = form.elements.text;
  form.querySelectorAll("[name=kind]").forEach((kind) => {
    // By mouse or by its key; arrow keys walk through the kinds and leave the focus there.
    kind.addEventListener("click", (event) => { if (event.detail !== 0 || !kind.matches(":focus-visible")) { form.classList.add("is-open"); text.focus(); } });
  });
  // What was written is not left without a question.
  addEventListener("beforeunload", (event) => { if (text.value.trim() && !form.dataset.sent) event.preventDefault(); });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
    if (event.key === "Escape" && !event.isComposing) { form.classList.remove("is-open"); document.activeElement.blur(); }
  });
});

// One more related record, in a dialog over the page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-short]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  window.kehu.short(link.dataset.short, () => location.reload(), link);
});
