// The texts of modules in the page's language; the page carries those that are not English.
const texts = JSON.parse(document.getElementById("texts")?.textContent || "{}");
const rules = new Intl.PluralRules(document.documentElement.lang);
const order = ["zero", "one", "two", "few", "many", "other"];
const forms = order.filter((form) => rules.resolvedOptions().pluralCategories.includes(form));

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** gettext("Closes in {n} s.", { n: 5 }) */
export function gettext(text, values = {}) {
  return fill(texts[text]?.[0] ?? text, values);
}

/** ngettext("{n} moment", "{n} moments", 2) */
export function ngettext(one, several, n, values = {}) {
  const translated = texts[one]?.[forms.indexOf(rules.select(n))];
  return fill(translated ?? (n === 1 ? one : several), { n, ...values });
}
