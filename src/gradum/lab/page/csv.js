/** A file of the reader's: its text becomes columns, and with a target the lab's table. */

import { Stream } from "./mathematics/random.js";
import { fewColumns } from "./strengths.js";
import { say } from "./words.js";

/** @typedef {import("./table.js").Table} Table */
/** @typedef {{name: string, names: string[], cells: string[][], remarks: string[]}} Sheet */

export const MOST_BYTES = 20e6;
export const MOST_READ = 1000; // columns: each is looked at, and is a choice of target
const MOST_COLUMNS = 12,
  MOST_ROWS = 2000,
  MOST_LEVELS = 10,
  FEWEST_ROWS = 10,
  HELD_OUT = 0.25;
const MISSING = new Set(["", "na", "n/a", "nan", "null", "none", "-", "?"]);

/** What cannot be used of a file, and what to do: a sentence for the reader. */
export class Refused extends Error {}

/** @param {File} file @returns {Promise<Sheet>} */
export async function sheetOf(file) {
  if (file.size > MOST_BYTES)
    throw new Refused(
      say("{name} is larger than {most} MB. Save a part of its rows as CSV, or use gradum lab on the command line.", {
        name: file.name,
        most: MOST_BYTES / 1e6,
      }),
    );
  const text = await file.text();
  if (/[\0\ufffd]/.test(text.slice(0, 100000)))
    throw new Refused(say("{name} is no text in UTF-8. Save the table as CSV in UTF-8.", { name: file.name }));
  const [names, ...cells] = lines(text.replace(/^\ufeff/, ""));
  if (!names || names.length < 2)
    throw new Refused(
      say(
        "{name} has no two columns. The first line must name the columns, with commas, semicolons or tabs between them.",
        { name: file.name },
      ),
    );
  if (cells.length < FEWEST_ROWS)
    throw new Refused(
      say("{name} has {rows} rows below its first line. The lab needs at least {fewest}.", {
        name: file.name,
        rows: cells.length,
        fewest: FEWEST_ROWS,
      }),
    );
  const all = names.map((name, at) => name.trim() || `${at + 1}`);
  if (all.length <= MOST_READ) return { name: file.name, names: all, cells, remarks: [] };
  const few = (/** @type {string[]} */ row) => [...row.slice(0, MOST_READ - 1), row[all.length - 1]];
  const remark = say("Of {columns} columns the first {first} and the last are read.", {
    columns: all.length,
    first: MOST_READ - 1,
  });
  return { name: file.name, names: few(all), cells: cells.map(few), remarks: [remark] };
}

/**
 * Split a text into lines of cells; quotes may hold separators and line ends.
 * @param {string} text @returns {string[][]}
 */
export function lines(text) {
  const head = text.slice(0, text.search(/[\r\n]|$/)),
    [separator] = [",", ";", "\t"].sort((a, b) => head.split(b).length - head.split(a).length);
  /** @type {string[][]} */
  const found = [];
  let row = [],
    cell = "",
    quoted = false;
  for (let at = 0; at <= text.length; at++) {
    const sign = text[at] ?? "\n";
    if (quoted && at < text.length) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') cell += text[++at];
      else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === separator || sign === "\n" || sign === "\r") {
      row.push(cell);
      cell = "";
      if (sign !== separator) {
        if (row.length > 1 || row[0].trim()) found.push(row);
        row = [];
      }
    } else cell += sign;
  }
  return found;
}

const missing = (/** @type {string | undefined} */ cell) => MISSING.has((cell ?? "").trim().toLowerCase());
/** @param {string[]} values @returns {boolean} */
const areNumbers = (values) => values.length > 0 && values.every((value) => Number.isFinite(Number(value)));

/** @param {Sheet} sheet @param {string} target @returns {Table} */
export function tableOf({ name, names, cells, remarks: before }, target) {
  const place = names.indexOf(target),
    known = cells.filter((row) => !missing(row[place]));
  if (known.length < FEWEST_ROWS)
    throw new Refused(
      say("Column {target} has {rows} values. The lab needs at least {fewest}: choose another target.", {
        target,
        rows: known.length,
        fewest: FEWEST_ROWS,
      }),
    );
  const drawn =
    known.length > MOST_ROWS
      ? Array.from(new Stream(0, "rows").order(known.length).slice(0, MOST_ROWS))
          .sort((a, b) => a - b)
          .map((at) => known[at])
      : known;
  const labels = drawn.map((row) => row[place].trim()),
    classes = classesOf(labels, target);
  const held = heldOut(labels, classes),
    out = new Set(held),
    trains = drawn.filter((_, at) => !out.has(at));
  const remarks = [...before],
    left = /** @type {string[]} */ ([]);
  if (drawn.length < cells.length)
    remarks.push(say("{rows} of {all} rows are used.", { rows: drawn.length, all: cells.length }));
  const table = {
    key: "dropped",
    numbers: /** @type {Table["numbers"]} */ ([]),
    codes: /** @type {Table["codes"]} */ ([]),
    rows: drawn.map(() => /** @type {number[]} */ ([])),
  };
  /** @type {number[][]} */
  const codes = [];
  names.forEach((column, at) => {
    if (at === place) return;
    const values = trains
        .map((row) => row[at])
        .filter((cell) => !missing(cell))
        .map((cell) => cell.trim()),
      levels = [...new Set(values)].sort();
    if (levels.length < 2 || (!areNumbers(values) && levels.length > MOST_LEVELS)) left.push(column);
    else if (areNumbers(values))
      addNumber(
        table,
        column,
        drawn.map((row) => row[at]),
        values.map(Number),
        out,
      );
    else {
      table.codes.push({ name: column, levels, treatment: levels.length === 2 ? "sign" : "one_hot" });
      codes.push(drawn.map((row) => levels.indexOf((row[at] ?? "").trim()) + 1));
    }
  });
  if (!table.numbers.length && !table.codes.length)
    throw new Refused(say("No column besides {target} has numbers or a few levels. Choose another file.", { target }));
  if (left.length)
    remarks.push(
      say("Left out, because the lab takes numbers and columns of up to {most} levels: {columns}.", {
        most: MOST_LEVELS,
        columns: namesOf(left),
      }),
    );
  drawn.forEach((_, row) =>
    table.rows[row].push(
      ...codes.map((column) => column[row]),
      classes.length ? classes.indexOf(labels[row]) : Number(labels[row]),
    ),
  );
  const { mean, spread } = classes.length
    ? { mean: 0, spread: 1 }
    : moments(labels.filter((_, at) => !out.has(at)).map(Number));
  const whole = {
    ...table,
    target: { name: target, classes, centre: mean, scale: spread },
    held_out: held,
    said: { en: { title: name, remarks } },
  };
  const { table: few, left: weaker } = fewColumns(whole, MOST_COLUMNS);
  if (weaker.length)
    remarks.push(
      say("Left out, because the lab takes the {most} columns that tell most of the target: {columns}.", {
        most: MOST_COLUMNS,
        columns: namesOf(weaker),
      }),
    );
  return few;
}

/** @param {string[]} columns */
const namesOf = (columns) => columns.slice(0, 8).join(say(", ")) + (columns.length > 8 ? " …" : "");

/** @param {string[]} labels @param {string} target @returns {string[]} The classes; none where the target is a number. */
function classesOf(labels, target) {
  const found = [...new Set(labels)].sort();
  if (areNumbers(labels) && found.length > 2) return [];
  if (found.length > MOST_LEVELS)
    throw new Refused(
      say("Column {target} has {count} classes. The lab takes up to {most}: choose another target.", {
        target,
        count: found.length,
        most: MOST_LEVELS,
      }),
    );
  if (found.length < 2)
    throw new Refused(say("Column {target} has only one value. Choose another target.", { target }));
  return found;
}

/** Draw a quarter of the rows, of each class. @param {string[]} labels @param {string[]} classes @returns {number[]} */
function heldOut(labels, classes) {
  /** @type {Map<string, number>} */
  const seen = new Map(),
    share = Math.round(1 / HELD_OUT);
  const drawn = Array.from(new Stream(0, "split").order(labels.length)).filter((row) => {
    const group = classes.length ? labels[row] : "",
      count = (seen.get(group) ?? 0) + 1;
    seen.set(group, count);
    return count % share === 0;
  });
  return drawn.sort((a, b) => a - b);
}

/**
 * Add a column of numbers: where one is missing, the median, and a column that says so.
 * @param {{numbers: Table["numbers"], rows: number[][]}} table @param {string} name @param {string[]} cells @param {number[]} trained @param {Set<number>} out
 */
function addNumber({ numbers, rows }, name, cells, trained, out) {
  const sorted = [...trained].sort((a, b) => a - b),
    half = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
  const add = (/** @type {string} */ part, /** @type {number[]} */ values) => {
    const { mean, spread } = moments(values.filter((_, at) => !out.has(at)));
    numbers.push({ name: part ? `${name} ${part}` : name, source: name, part, centre: mean, scale: spread });
    values.forEach((value, row) => rows[row].push(value));
  };
  const gone = cells.map((cell) => missing(cell) || !Number.isFinite(Number(cell)));
  add(
    "",
    cells.map((cell, at) => (gone[at] ? median : Number(cell))),
  );
  if (gone.some((each, at) => each && !out.has(at))) add("missing", gone.map(Number));
}

/** @param {number[]} values @returns {{mean: number, spread: number}} */
function moments(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length);
  return { mean, spread: spread || 1 };
}
