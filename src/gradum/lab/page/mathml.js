/**
 * Formulas as MathML: `aⱼ = Σ zᵢ·wᵢⱼ + bⱼ`, with ⟨0⟩ for the first of the names beside it.
 *
 * Fractions, powers (^), subscripts, primes and brackets are set as such; single letters are
 * variables, names of functions are upright, other words are text.
 */

const NAMESPACE = "http://www.w3.org/1998/Math/MathML";
const TOKEN = /\d+(?:\.\d+)?(?:e−?\d+)?|⟨\d+⟩|[₀-₉ᵢⱼₖ]+|[²³ᵀ]|(?![ᵢⱼₖᵀ])\p{L}(?:(?![ᵢⱼₖᵀ])\p{L}|\p{M})*|\S/gu;
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉ᵢⱼₖ",
  PLAIN = "0123456789ijk";
const POWERS = /** @type {Record<string, string>} */ ({ "²": "2", "³": "3", ᵀ: "T" });
const FUNCTIONS = new Set(["exp", "log", "max", "min", "sign", "softmax", "gelu", "logistic", "relu", "selu", "tanh"]);
const CLOSING = /** @type {Record<string, string>} */ ({ "(": ")", "[": "]" });

/** @param {string} tag @param {...(Node | string)} children */
function m(tag, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  element.append(...children);
  return element;
}

/**
 * A formula that may be broken before each + and = outside of brackets.
 * @param {string} formula @param {string[]} names @returns {(Element | string)[]}
 */
export function broken(formula, names = []) {
  let depth = 0;
  const places = [0];
  for (const { 0: sign, index } of formula.matchAll(/[([]|[)\]]| (?=[+=] )/g)) {
    if (sign === " " && !depth) places.push(index);
    depth += "([".includes(sign) ? 1 : ")]".includes(sign) ? -1 : 0;
  }
  return places.flatMap((place, at) => [math(formula.slice(place, places[at + 1]), names), " "]);
}

/** @param {string} formula @param {string[]} names @returns {Element} */
export function math(formula, names = []) {
  const element = m("math", ...new Reader(formula, names).until(""));
  element.setAttribute("displaystyle", "true");
  return element;
}

class Reader {
  /** @param {string} formula @param {string[]} names */
  constructor(formula, names) {
    this.tokens = formula.match(TOKEN) ?? [];
    this.names = names;
    this.at = 0;
  }

  /** @param {string} end @returns {Element[]} */
  until(end) {
    /** @type {Element[]} */
    const items = [];
    while (this.at < this.tokens.length) {
      const token = this.tokens[this.at];
      if (token === end) {
        this.at += 1;
        break;
      }
      if (token === "/" && items.length) {
        this.at += 1;
        const above = /** @type {Element} */ (items.pop());
        items.push(m("mfrac", bare(above), bare(this.item())));
      } else items.push(this.item());
    }
    return items;
  }

  item() {
    let item = this.atom();
    for (;;) {
      const token = this.tokens[this.at] ?? "";
      if (SUBSCRIPTS.includes(token[0] ?? " ")) {
        item = m("msub", item, m("mi", [...token].map((sign) => PLAIN[SUBSCRIPTS.indexOf(sign)]).join("")));
      } else if (token in POWERS) item = raised(item, m("mn", POWERS[token]));
      else if (token === "′") item = m("mrow", item, m("mo", "′"));
      else if (token === "^") {
        this.at += 1;
        const minus = this.tokens[this.at] === "−";
        if (minus) this.at += 1;
        item = raised(item, minus ? m("mrow", m("mo", "−"), this.item()) : this.item());
        continue;
      } else return item;
      this.at += 1;
    }
  }

  /** @returns {Element} */
  atom() {
    const token = this.tokens[this.at] ?? "";
    this.at += 1;
    if (token in CLOSING) return bracketed(token, this.until(CLOSING[token]));
    if (token === "√") return m("msqrt", bare(this.item()));
    if (/^[\d½¼∞]/.test(token)) return m("mn", token);
    if (token.startsWith("⟨")) return m("mtext", this.names[Number(token.slice(1, -1))] ?? "");
    if (FUNCTIONS.has(token) && this.tokens[this.at] !== "(") return m("mrow", m("mi", token), space());
    if (/^\p{L}/u.test(token))
      return m(
        token.normalize("NFC").length === 1 || FUNCTIONS.has(token) || /^\p{L}\p{M}$/u.test(token) ? "mi" : "mtext",
        token,
      );
    const sign = m("mo", token);
    if (token === "|" || token === ";") sign.setAttribute("stretchy", "false");
    if (token === "−" && (this.at === 1 || /^[(=·+−[,←/]$/.test(this.tokens[this.at - 2])))
      sign.setAttribute("form", "prefix");
    if (/^[+=]$/.test(token)) sign.setAttribute("form", "infix"); // at the beginning of a line too
    return sign;
  }
}

/** Brackets grow around fractions only. @param {string} opening @param {Element[]} inside */
function bracketed(opening, inside) {
  const signs = [opening, CLOSING[opening]].map((sign) => m("mo", sign));
  if (!inside.some((each) => each.matches("mfrac") || each.querySelector("mfrac")))
    for (const sign of signs) sign.setAttribute("stretchy", "false");
  return m("mrow", signs[0], ...inside, signs[1]);
}

/** A little room behind a function without brackets. */
function space() {
  const room = m("mspace");
  room.setAttribute("width", "0.17em");
  return room;
}

/** @param {Element} item @param {Element} power */
function raised(item, power) {
  if (item.localName === "msub") return m("msubsup", ...item.children, power);
  return m("msup", item, power);
}

/** @param {Element} item @returns {Element} What is in round brackets, which a fraction does not need. */
function bare(item) {
  const signs = item.localName === "mrow" && item.firstElementChild?.textContent === "(";
  return signs ? m("mrow", ...Array.from(item.children).slice(1, -1)) : item;
}
