// The API's description by Swagger UI, in the scheme of the pages.
import { gettext as _ } from "./i18n.js";

const root = document.getElementById("swagger");
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
// What Swagger UI leaves without a name.
const NAMES = {
  ".copy-to-clipboard > button, .copy-to-clipboard": _("Copy"),
  "select:not([id]), .content-type": _("Content type"),
};

/** Give a name to each control that has none, and the keyboard a way to what scrolls. */
function name() {
  for (const [selector, text] of Object.entries(NAMES)) {
    for (const control of root.querySelectorAll(selector)) {
      if (control.matches("button, select") && !control.ariaLabel && !control.labels?.length) control.ariaLabel = text;
    }
  }
  for (const example of root.querySelectorAll("pre.microlight")) example.tabIndex = 0; // it scrolls
}

dark.addEventListener("change", follow);
follow();
new MutationObserver(name).observe(root, { childList: true, subtree: true });

// The page has a heading of its own, and there is one server. A link inside of a button, as deep
// links would be, cannot be reached by everyone.
const nothing = () => () => null;
const plain = { wrapComponents: { InfoContainer: nothing, ServersContainer: nothing } };
window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger", deepLinking: false, plugins: [plain] });

// Its bundle keeps the browser from following addresses within the page.
document.querySelector(".skip").addEventListener("click", () => document.getElementById("main").focus());
