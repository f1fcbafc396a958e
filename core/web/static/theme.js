// Before the first paint: a theme "as the device" follows the device.
(() => {
  const root = document.documentElement;
  root.dataset.live = ""; // scripts run
  if (root.dataset.theme !== "system") return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  follow();
  dark.addEventListener("change", follow);
})();
