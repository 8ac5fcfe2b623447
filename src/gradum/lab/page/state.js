/**
 * All that a reader has chosen, as the address of the page says it: `#data=moons&hidden=4.2&rate=0.1`,
 * or of a lesson what differs from its own settings: `#lesson=3&rate=0.5&solved=11.21`.
 *
 * An address may come from anybody, so every part of it is checked. `hide` names controls and panels
 * that a teacher does not want to show, and `lessons` and `hints`.
 */

import { ACTIVATIONS } from "./mathematics/activations.js";
import { LOSSES } from "./mathematics/losses.js";
import { PENALTIES } from "./mathematics/penalties.js";
import { SOLVERS } from "./mathematics/solvers.js";

/**
 * @typedef {object} State
 * @property {string} data
 * @property {number} noise  Standard deviations that are added to what is drawn at random.
 * @property {number[]} hidden
 * @property {string} activation
 * @property {string} loss
 * @property {string} penalty
 * @property {number} alpha
 * @property {number} dropout
 * @property {string} solver
 * @property {number} rate
 * @property {number} batch
 * @property {number} seed
 * @property {number[]} off  Inputs that are switched off.
 * @property {number} across  The input on the horizontal axis; −1 for the first that suits.
 * @property {number} up
 * @property {number} row
 * @property {number} pace  Epochs a second; 0 for as many as there are.
 * @property {string} lang
 * @property {number} lesson  0 for the whole lab.
 * @property {string[]} solved  Tasks, each the digits of its lesson and of its place there.
 * @property {string[]} hide
 */

export const MOST_LAYERS = 4;
export const MOST_UNITS = 64;
export const MOST_SHOWN = 12; // units of a layer that are drawn

/** Settings of the model: a change of one begins the training anew. */
export const MODEL = [
  "data",
  "noise",
  "hidden",
  "activation",
  "loss",
  "penalty",
  "alpha",
  "dropout",
  "solver",
  "rate",
  "batch",
  "seed",
  "off",
];

/** @type {State} */
export const DEFAULTS = {
  data: "",
  noise: 0,
  hidden: [4],
  activation: "tanh",
  loss: "",
  penalty: "none",
  alpha: 0.01,
  dropout: 0,
  solver: "gd",
  rate: 0.1,
  batch: 16,
  seed: 1,
  off: [],
  across: -1,
  up: -1,
  row: 0,
  pace: 25,
  lang: "",
  lesson: 0,
  solved: [],
  hide: [],
};

/** @param {number} least @param {number} most @param {boolean} whole */
const number =
  (least, most, whole = false) =>
  (/** @type {string} */ text) => {
    const value = Number(text);
    return text.trim() !== "" && value >= least && value <= most && (!whole || Number.isInteger(value))
      ? value
      : undefined;
  };
/** @param {object} known */
const oneOf = (known) => (/** @type {string} */ text) => (Object.hasOwn(known, text) ? text : undefined);
const word = (/** @type {string} */ text) => (/^[a-z]{0,20}$/.test(text) ? text : undefined);

/** @type {Record<string, (text: string) => any>} */
const READERS = {
  data: word,
  noise: number(0, 1),
  hidden: (text) => {
    const widths = text.split(".").filter(Boolean).map(Number);
    const right = widths.every((width) => Number.isInteger(width) && width >= 1 && width <= MOST_UNITS);
    return right && widths.length <= MOST_LAYERS ? widths : undefined;
  },
  activation: oneOf(ACTIVATIONS),
  loss: oneOf(LOSSES),
  penalty: oneOf(PENALTIES),
  alpha: number(0, 10),
  dropout: number(0, 0.9),
  solver: oneOf(SOLVERS),
  rate: number(1e-6, 100),
  batch: number(1, 2000, true),
  seed: number(0, 4294967295, true),
  off: (text) => {
    const places = text.split(".").filter(Boolean).map(Number);
    return places.every(Number.isInteger) ? places : undefined;
  },
  across: number(-1, 1000, true),
  up: number(-1, 1000, true),
  row: number(0, 100000, true),
  pace: number(0, 1000, true),
  lang: word,
  lesson: number(0, 99, true),
  solved: (text) => text.split(".").filter((task) => /^[1-9]{2}$/.test(task)),
  hide: (text) => text.split(".").filter((name) => /^[a-z]{1,20}$/.test(name)),
};

/** @param {string} name @param {string} text @returns {any} The value of a setting; undefined if it is none. */
export const valueOf = (name, text) => READERS[name](text);

/** @param {string} hash @param {State} defaults @returns {State} */
export function read(hash, defaults = DEFAULTS) {
  const state = /** @type {any} */ ({ ...defaults });
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const value = Object.hasOwn(READERS, name) ? READERS[name](text) : undefined;
    if (value !== undefined) state[name] = value;
  }
  return state;
}

/** @param {State} state @param {State} defaults @returns {string} What differs from the defaults. */
export function written(state, defaults = DEFAULTS) {
  const parts = Object.entries(state).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(".") : String(value),
  ]);
  const plain = /** @type {any} */ (defaults);
  const changed = parts.filter(
    ([name, text]) => text !== (Array.isArray(plain[name]) ? plain[name].join(".") : String(plain[name])),
  );
  return `#${new URLSearchParams(changed)}`;
}
