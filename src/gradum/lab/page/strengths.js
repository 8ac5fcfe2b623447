/** How much columns tell of the target: which are kept, and which are drawn, where there is no room for all. */

import { inputsOf, scaled } from "./table.js";

/** @typedef {import("./table.js").Table} Table */

const GROUPS = 10;

/**
 * Return how much the values of a column tell of the target: the share η² of the target's variance
 * that lies between groups of values, less what chance gives, 1 − (1 − η²)(n − 1)/(n − k) for k groups
 * of the n rows that train. Many values are grouped by tenths of the rows. Of several classes, the
 * one that is told best counts.
 * @param {number[]} values @param {Table} table @returns {number}
 */
export function strength(values, { rows, held_out, target: { classes } }) {
  const held = new Set(held_out),
    places = Array.from(rows.keys()).filter((place) => !held.has(place)),
    distinct = [...new Set(places.map((place) => values[place]))].sort((a, b) => a - b),
    ordered = places.map((place) => values[place]).sort((a, b) => a - b),
    ends = distinct.length <= GROUPS + 1 ? distinct : Array.from({ length: GROUPS }, (_, at) => ordered[Math.ceil(((at + 1) * ordered.length) / GROUPS) - 1]);
  const groups = places.map((place) => ends.findIndex((end) => values[place] <= end)),
    labels = places.map((place) => rows[place][rows[place].length - 1]);
  const targets = classes.length > 2 ? classes.map((_, label) => labels.map((each) => Number(each === label))) : [labels];
  return Math.max(0, ...targets.map((target) => shareBetween(groups, target)));
}

/** @param {number[]} groups  From 0. @param {number[]} target @returns {number} */
function shareBetween(groups, target) {
  const [counts, sums] = [new Float64Array(GROUPS + 2), new Float64Array(GROUPS + 2)],
    mean = target.reduce((sum, value) => sum + value, 0) / target.length;
  groups.forEach((group, at) => {
    counts[group] += 1;
    sums[group] += target[at] - mean;
  });
  const whole = target.reduce((sum, value) => sum + (value - mean) * (value - mean), 0),
    between = sums.reduce((sum, each, at) => sum + (counts[at] ? (each * each) / counts[at] : 0), 0),
    filled = counts.filter(Boolean).length;
  return whole && target.length > filled ? 1 - ((1 - between / whole) * (target.length - 1)) / (target.length - filled) : 0;
}

/**
 * The inputs to draw where there is no room for all: the strongest, in their order; those that mark missing values come last.
 * @param {Table} table @param {number} most @returns {number[]}
 */
export function drawnInputs(table, most) {
  const inputs = inputsOf(table),
    places = Array.from(inputs.keys());
  if (inputs.length <= most) return places;
  const strengths = inputs.map((input) => strength(table.rows.map((row) => scaled(input, row)), table) - Number(input.isMark));
  return places
    .sort((a, b) => strengths[b] - strengths[a])
    .slice(0, most)
    .sort((a, b) => a - b);
}

/**
 * Keep the columns that tell most of the target, and name the others.
 * @param {Table} table @param {number} most @returns {{table: Table, left: string[]}}
 */
export function fewColumns(table, most) {
  const inputs = inputsOf(table).filter(({ isMark }) => !isMark),
    /** @type {Map<string, number>} */ strengths = new Map();
  if (table.numbers.filter(({ part }) => part !== "missing").length + table.codes.length <= most) return { table, left: [] };
  for (const input of inputs) {
    const values = table.rows.map((row) => row[input.column]);
    if (!strengths.has(input.source)) strengths.set(input.source, strength(values, table));
  }
  const kept = new Set([...strengths.keys()].sort((a, b) => (strengths.get(b) ?? 0) - (strengths.get(a) ?? 0)).slice(0, most)),
    isKept = [...table.numbers.map(({ source }) => kept.has(source)), ...table.codes.map(({ name }) => kept.has(name)), true];
  return {
    table: {
      ...table,
      numbers: table.numbers.filter(({ source }) => kept.has(source)),
      codes: table.codes.filter(({ name }) => kept.has(name)),
      rows: table.rows.map((row) => row.filter((_, at) => isKept[at])),
    },
    left: [...strengths.keys()].filter((name) => !kept.has(name)),
  };
}
