/** A table as the network gets it: raw values scaled and coded, and the rows that train. */

import { LOSSES } from "./mathematics/losses.js";
import { marked, say } from "./words.js";

/**
 * @typedef {object} Table
 * @property {string} key
 * @property {{name: string, source: string, part: string, centre: number, scale: number}[]} numbers
 * @property {{name: string, levels: string[], treatment: "sign" | "one_hot"}[]} codes
 * @property {{name: string, classes: string[], centre: number, scale: number}} target
 * @property {number[][]} rows  Of each row the numbers, the codes and the target.
 * @property {number[]} held_out
 * @property {boolean} [drawn]  Whether its rows are drawn at random, so that noise can be added.
 * @property {Record<string, {title: string, remarks: string[]}>} said
 */
/**
 * One input of the network: a number of the table, or whether a column has a level.
 * @typedef {object} Input
 * @property {string} name
 * @property {string} source  The column that it was made from.
 * @property {boolean} isMark  Whether it only marks that the column has no value.
 * @property {number} column  Its place in a row.
 * @property {number} centre
 * @property {number} scale
 * @property {number} level  The code that makes it 1; 0 for a number.
 * @property {boolean} sign  Whether the other level makes it −1.
 */
/** @typedef {{inputs: Float64Array, target: Float64Array, width: number, training: Int32Array, heldOut: Int32Array}} Encoded */

/** What is made of a column, in words. @type {Record<string, string>} */
const PARTS = {
  missing: marked("{column} missing"),
  days: marked("{column}, in days"),
  minutes: marked("{column}, in minutes"),
  "year sin": marked("{column}, sine of the year"),
  "year cos": marked("{column}, cosine of the year"),
  "week sin": marked("{column}, sine of the week"),
  "week cos": marked("{column}, cosine of the week"),
  "day sin": marked("{column}, sine of the day"),
  "day cos": marked("{column}, cosine of the day"),
  "half-day sin": marked("{column}, sine of the half day"),
  "half-day cos": marked("{column}, cosine of the half day"),
};

/** @param {{name: string, source: string, part: string}} number @returns {string} Its name; what was made of a column is said in the page's language. */
export const numberName = ({ name, source, part }) =>
  Object.hasOwn(PARTS, part) ? say(PARTS[part], { column: source }) : name;

/** @param {string | undefined} level @returns {string} */
export const levelName = (level) => (level === "(missing)" ? say("(missing)") : (level ?? say("(unknown)")));

/** @param {Table} table @returns {Input[]} */
export function inputsOf(table) {
  const inputs = table.numbers.map(({ centre, scale, ...named }, column) => ({
    name: numberName(named),
    source: named.source,
    isMark: named.part === "missing",
    column,
    centre,
    scale,
    level: 0,
    sign: false,
  }));
  table.codes.forEach(({ name, levels, treatment }, at) => {
    const sign = treatment === "sign";
    const plain = { source: name, isMark: false, column: table.numbers.length + at, centre: 0, scale: 1, sign };
    levels.forEach((level, place) => {
      if (!sign || place === 1) inputs.push({ ...plain, name: `${name} = ${levelName(level)}`, level: place + 1 });
    });
  });
  return inputs;
}

/** @param {Input} input @param {number[]} row @returns {number} What of the row enters the network. */
export function scaled({ column, centre, scale, level, sign }, row) {
  if (!level) return (row[column] - centre) / scale;
  return row[column] === level ? 1 : sign && row[column] > 0 ? -1 : 0;
}

/**
 * Return what is subtracted from the target, and what divides it: a loss with a logarithm learns shares of the mean.
 * @param {Table} table @param {string} loss
 */
export function targetScale({ target, rows }, loss) {
  if (LOSSES[loss].ofClasses) return { centre: 0, scale: 1 };
  if (!LOSSES[loss].logarithmic) return { centre: target.centre, scale: target.scale };
  const sum = rows.reduce((total, row) => total + row[row.length - 1], 0);
  return { centre: 0, scale: sum / rows.length || 1 };
}

/** @param {Table} table @param {string} loss @returns {Encoded} */
export function encoded(table, loss) {
  const inputs = inputsOf(table),
    width = inputs.length,
    { centre, scale } = targetScale(table, loss);
  const numbers = new Float64Array(table.rows.length * width),
    target = new Float64Array(table.rows.length);
  table.rows.forEach((row, at) => {
    inputs.forEach((input, place) => (numbers[at * width + place] = scaled(input, row)));
    target[at] = (row[row.length - 1] - centre) / scale;
  });
  const held = new Set(table.held_out),
    places = Array.from(table.rows.keys());
  const training = Int32Array.from(places.filter((place) => !held.has(place)));
  return { inputs: numbers, target, width, training, heldOut: Int32Array.from(table.held_out) };
}

/** @param {Table} table @returns {[number, number]} Two inputs to draw over: the first with more than two values. */
export function axesOf(table) {
  const inputs = inputsOf(table),
    several = table.numbers.map((_, column) => new Set(table.rows.map((row) => row[column])).size > 2);
  const places = Array.from(inputs.keys()),
    ordered = [...places.filter((at) => several[at]), ...places.filter((at) => !several[at])];
  return [ordered[0], ordered[1] ?? ordered[0]];
}

/** @param {Table} table @returns {number} Outputs of a network for its target. */
export const outputsOf = ({ target }) => (target.classes.length > 2 ? target.classes.length : 1);

/** @param {Table} table @param {string} loss @returns {boolean} Whether the target has a meaning for the loss. */
export function isTaken({ target, rows }, loss) {
  const { ofClasses, takes } = LOSSES[loss];
  return ofClasses === target.classes.length > 0 && rows.every((row) => takes(row[row.length - 1]));
}
