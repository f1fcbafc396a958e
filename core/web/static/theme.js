// Before the first paint: a theme "as the device" follows the device; what is printed is light.
(() => {
  const root = document.documentElement;
  root.dataset.live = ""; // scripts run
  let before; // paper is white
  addEventListener("beforeprint", () => { before = root.dataset.bsTheme; root.dataset.bsTheme = "light"; });
  addEventListener("afterprint", () => { root.dataset.bsTheme = before; });
  if (root.dataset.theme !== "system") return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  follow();
  dark.addEventListener("change", follow);
})();
