/** Noise that a reader adds to rows that are drawn at random: to numbers of a class, else to the target. */

import { Stream } from "./mathematics/random.js";

/** @typedef {import("./table.js").Table} Table */

/** @type {WeakMap<Table, {noise: number, table: Table}>} */
const made = new WeakMap();

/**
 * Return a table with normal noise on top, of so many standard deviations of each column.
 * @param {Table} table @param {number} noise @returns {Table}
 */
export function noisy(table, noise) {
  if (!table.drawn || !noise) return table;
  const known = made.get(table);
  if (known?.noise === noise) return known.table;
  const random = new Stream(0, "noise"),
    width = table.numbers.length,
    blurred = table.target.classes.length ? Array.from({ length: width }, (_, at) => at) : [width],
    spreads = blurred.map((at) => noise * spread(table.rows.map((row) => row[at]))),
    rows = table.rows.map((row) => [...row]);
  for (const row of rows)
    blurred.forEach((at, place) => (row[at] = Number((row[at] + spreads[place] * normal(random)).toFixed(4))));
  const found = { ...table, rows };
  made.set(table, { noise, table: found });
  return found;
}

/** @param {number[]} values @returns {number} Their standard deviation. */
function spread(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length);
}

/** About normal: the sum of twelve uniform numbers has variance 1. @param {Stream} random */
function normal(random) {
  let sum = -6;
  for (let at = 0; at < 12; at++) sum += random.uniform();
  return sum;
}
