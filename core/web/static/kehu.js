// What makes the pages quicker to use. They work without it. `kehu` is what the other scripts share.

const kehu = window.kehu = {};

kehu.parsed = (html) => new DOMParser().parseFromString(html, "text/html");

// Send a form. A page that was opened before another login brings an old token: then once more with a new one.
kehu.send = async (url, data) => {
  const sent = () => fetch(url, { method: "POST", body: new URLSearchParams(data), headers: { Accept: "text/html" } });
  let reply = await sent();
  if (reply.status === 400 && data.has("csrf_token")) {
    const token = kehu.parsed(await (await fetch(location.href)).text()).querySelector("main [name=csrf_token], [name=csrf_token]");
    if (token) {
      data.set("csrf_token", token.value);
      reply = await sent();
    }
  }
  return reply;
};

// A list needs what makes fields comfortable only once there is one: it is loaded then.
kehu.fields = () => import(document.querySelector("main").dataset.fields);

kehu.toast = (toast) => {
  document.querySelector(".k-toast")?.remove();
  if (!toast) return;
  toast.querySelectorAll("[data-close]").forEach((button) => { button.hidden = false; });
  document.querySelector(".k-tabbar").before(toast);
};

const all = (selector) => [...document.querySelectorAll(selector)];

// Menus close on Escape, on a click elsewhere, and when focus leaves them.
const close = (menu) => { menu.open = false; };
document.addEventListener("click", (event) => {
  all("details.k-menu[open]").filter((menu) => !menu.contains(event.target)).forEach(close);
});
document.addEventListener("focusin", (event) => {
  all("details.k-menu[open]").filter((menu) => !menu.contains(event.target)).forEach(close);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  all("details.k-menu[open]").forEach((menu) => {
    close(menu);
    menu.querySelector("summary").focus();
  });
});

// Toasts can be closed.
all("[data-close]").forEach((button) => { button.hidden = false; });
document.addEventListener("click", (event) => event.target.closest("[data-close]")?.parentElement.remove());

// A password can be looked at while it is typed.
all("[data-reveal]").forEach((button) => {
  const input = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => { input.type = input.type === "password" ? "text" : "password"; });
});

// A form is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("data-download")) return;  // after a download the page stays
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => { delete form.dataset.sent; }));

// Files are sent as soon as they are chosen, unless they are too large.
all("form[data-send-file]").forEach((form) => {
  const input = form.querySelector("[type=file]");
  input.classList.add("sr");
  form.querySelector("[data-pick]").hidden = false;
  form.querySelector("button").hidden = true;
  input.addEventListener("change", () => {
    const size = [...input.files].reduce((sum, file) => sum + file.size, 0);
    input.setCustomValidity(size > Number(form.dataset.most) ? input.dataset.tooLarge : "");
    if (input.files.length && form.reportValidity()) form.requestSubmit();
  });
});

// What was sent from a form of this tab has arrived once another page of ours is there.
try {
  if (document.querySelector("main[data-view]:not([data-view=form])")) {
    Object.keys(sessionStorage).filter((key) => key.startsWith("draft ") && JSON.parse(sessionStorage[key]).sent)
      .forEach((key) => sessionStorage.removeItem(key));
  }
} catch { /* no storage: no drafts either */ }
