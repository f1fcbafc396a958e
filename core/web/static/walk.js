// From one record of a list to the next, as the list had them. Without scripts one goes back to the list.

const KEY = "kehu.walk";
const load = () => JSON.parse(sessionStorage.getItem(KEY) ?? "null");
const save = (walk) => sessionStorage.setItem(KEY, JSON.stringify(walk));
const records = (page) => [...page.querySelectorAll(".k-grid tr[data-record]")].map((row) => row.dataset.record);
const following = (page) => page.querySelector(".k-pager a[rel=next]")?.getAttribute("href") ?? null;

// A list leaves behind what it shows. One that was opened in the middle does not know how many come before.
const whole = !new URL(location.href).searchParams.has("cursor");
const leave = () => {
  const total = Number(document.getElementById("total").textContent.replace(/\D/g, ""));
  if (records(document).length) save({ list: location.href, records: records(document), next: following(document), total: whole && total });
};

// The next page of the list, when its last record is passed.
const more = async (walk) => {
  const reply = await fetch(walk.next).catch(() => null);
  if (!reply?.ok || reply.redirected) return;
  const page = kehu.parsed(await reply.text());
  save({ ...walk, records: [...walk.records, ...records(page)], next: following(page) });
};

// A record says where it stands, and has a way to both sides.
const stand = (nav) => {
  const mine = document.querySelector("main[data-record]").dataset.record;
  const walk = load();
  const at = walk ? walk.records.indexOf(mine) : -1;
  if (at < 0) return;
  const pathOf = (record) => location.pathname.replace(/\d+$/, record.split("/")[1]);
  document.querySelector(".k-crumb .back").href = walk.list;
  if (walk.total) nav.querySelector(".k-num").textContent = `${(at + 1).toLocaleString()} / ${Math.max(walk.total, walk.records.length).toLocaleString()}`;
  nav.querySelectorAll("[data-step]").forEach((link) => {
    const next = walk.records[at + Number(link.dataset.step)];
    if (next) { link.href = pathOf(next); return; }
    if (Number(link.dataset.step) < 0 || !walk.next) return;
    link.href = walk.next;
    link.addEventListener("click", async (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      await more(walk);
      const one = load().records[at + 1];
      location.assign(one ? pathOf(one) : walk.next);
    });
  });
  nav.hidden = false;
};

const nav = document.querySelector(".rec-walk");
if (nav) stand(nav); else addEventListener("pagehide", leave);
