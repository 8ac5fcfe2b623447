/** What the page says: sentences in English here, in the reader's language on the page. */

/** @type {Record<string, Record<string, string>>} */
let translations = {};
let current = "en";

/** @param {Record<string, Record<string, string>>} words  By language and English sentence. */
export function learn(words) {
  translations = words;
}

/** @param {string} code  Of a language that the page has; any other is English. */
export function speak(code) {
  current = Object.hasOwn(translations, code) ? code : "en";
}

/** @returns {string} */
export const spoken = () => current;

/** @returns {string[]} */
export const languages = () => ["en", ...Object.keys(translations)];

/**
 * Return a sentence in the page's language, with its values in their places.
 * @param {string} message @param {Record<string, string | number>} values
 */
export function say(message, values = {}) {
  const said = translations[current]?.[message] ?? message;
  return said.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}

/** Join sentences, with spaces if the language uses them; empty ones are left out. @param {string[]} parts */
export const sentences = (...parts) => parts.filter(Boolean).join(current === "zh" ? "" : " ");

/** Name a sentence that is said later. @param {string} message */
export const marked = (message) => message;
