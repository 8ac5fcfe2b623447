/** What the page sees of a training: plain values that a worker can send. */

import { LOSSES } from "./mathematics/losses.js";
import { forward } from "./mathematics/network.js";
import { classScores, numberScores } from "./mathematics/scores.js";
import { costOf, productsOf, surfaceOf } from "./mathematics/surface.js";
import { logitsOf, taken } from "./mathematics/training.js";
import { MOST_SHOWN } from "./state.js";
import { targetScale } from "./table.js";

/** @typedef {import("./mathematics/training.js").Training} Training */
/** @typedef {import("./mathematics/network.js").Params} Params */
/** @typedef {import("./table.js").Table} Table */
/** @typedef {import("./table.js").Encoded} Encoded */
/**
 * Two inputs for the maps, and a row; a run at the side of another one has no loss surface.
 * @typedef {{axes: [number, number], row: number, aside: boolean}} Looks
 */
/** @typedef {{place: number, inputs: Float64Array, sums: Float64Array[], outputs: Float64Array[], deltas: Float64Array[], inBatch: boolean, target: number, loss: number, prediction: Float64Array}} ShownRow */
/**
 * Answers over two inputs, of the first units of each layer, and finer ones of the outputs.
 * @typedef {{low: [number, number], high: [number, number], units: Float32Array[][], border: Float32Array[]}} Maps
 */
/**
 * @typedef {object} View
 * @property {number} run  Which beginning it belongs to.
 * @property {number} step
 * @property {number} epoch
 * @property {number} stepsPerEpoch
 * @property {number} batch
 * @property {number} cursor
 * @property {number} operations
 * @property {import("./mathematics/training.js").Operation | null} operation
 * @property {number[]} widths
 * @property {Params} params
 * @property {Params} before  The parameters at the beginning of the step.
 * @property {Params} gradient
 * @property {Params} after
 * @property {number} batchLoss
 * @property {number} penalty
 * @property {ShownRow} row
 * @property {import("./mathematics/training.js").Scored[]} history
 * @property {boolean} diverged
 * @property {boolean} playing
 * @property {Maps} maps
 * @property {[number, number][]} dead  Level and place of each hidden unit that answers 0 to all rows.
 * @property {any} scores
 * @property {{places: number[], outputs: number[]}} points  Predictions over a single input.
 * @property {import("./mathematics/surface.js").Surface | null} surface  Left out where it would hold up the training.
 */

const MAP_SIZE = 24;
const FINE_SIZE = 60;
const QUICK = 1e7; // products: a few hundredths of a second

/**
 * @param {Training} training @param {Table} table @param {Encoded} data @param {Looks} looks @param {boolean} playing
 * @returns {Omit<View, "run" | "playing">}
 */
export function viewOf(training, table, data, looks, playing) {
  const { trace, params, network } = training;
  return {
    step: training.state.step,
    epoch: training.epoch,
    stepsPerEpoch: training.stepsPerEpoch,
    batch: training.batch,
    cursor: training.cursor,
    operations: training.operations.length,
    operation: training.operation,
    widths: network.widths,
    params,
    before: training.state.params,
    gradient: trace.gradient,
    after: trace.after.params,
    batchLoss: trace.loss,
    penalty: trace.penalty,
    row: shownRow(training, data, looks.row),
    history: training.history.slice(0, training.epoch + 1),
    diverged: training.diverged,
    ...answersOf(training, table, data, looks, params, playing),
  };
}

/** @type {{params: Params, looks: Looks, playing: boolean, answers: any} | null} */
let last = null;

/**
 * What many rows are answered, which most operations of a step leave as it is.
 * @param {Training} training @param {Table} table @param {Encoded} data @param {Looks} looks @param {Params} params @param {boolean} playing
 * @returns {Pick<View, "maps" | "dead" | "scores" | "points" | "surface">}
 */
function answersOf(training, table, data, looks, params, playing) {
  if (last && last.params === params && last.looks === looks && last.playing === playing) return last.answers;
  const answers = {
    maps: mapsOf(training, data, looks, params, playing),
    dead: deadUnits(training, data, params),
    scores: scored(training, table, data, params),
    points: pointsOf(training, data, params),
    surface: looks.aside || (playing && costOf(training) > QUICK) ? null : surfaceOf(training),
  };
  last = { params, looks, playing, answers };
  return answers;
}

/**
 * The chosen row; while operations are watched, one of the batch.
 * @param {Training} training @param {Encoded} data @param {number} chosen @returns {ShownRow}
 */
function shownRow(training, data, chosen) {
  const { trace, network, state } = training,
    loss = LOSSES[network.loss],
    places = Array.from(trace.places, (each) => data.training[each]);
  const place = training.cursor && !places.includes(chosen) ? places[0] : chosen,
    at = places.indexOf(place),
    inBatch = at >= 0;
  const inputs = data.inputs.slice(place * data.width, (place + 1) * data.width),
    target = data.target[place];
  // Outside of the batch, the row is only carried forward; it moves no weight in this step.
  const passed = inBatch ? trace.passed : forward(network, state.params, inputs),
    row = inBatch ? at : 0;
  /** @param {Float64Array} values @param {number} level */
  const own = (values, level) => values.slice(row * network.widths[level + 1], (row + 1) * network.widths[level + 1]);
  const sums = passed.map(({ sum }, level) => own(sum, level)),
    logits = sums[sums.length - 1];
  return {
    place,
    inputs,
    sums,
    outputs: passed.map(({ output }, level) => own(output, level)),
    deltas: inBatch ? trace.deltas.map(own) : [],
    inBatch,
    target,
    loss: loss.value(logits, target),
    prediction: loss.predict(logits),
  };
}

/**
 * Answers of every unit over two inputs, and finer ones of the outputs; the other inputs are those of the shown row.
 * @param {Training} training @param {Encoded} data @param {Looks} looks @param {Params} params @param {boolean} playing
 * @returns {Maps}
 */
function mapsOf({ network }, data, looks, params, playing) {
  const units = gridOf(network, data, looks, params, MAP_SIZE);
  const quick = productsOf(network.widths) * FINE_SIZE * FINE_SIZE < QUICK || !playing;
  const fine = quick ? gridOf(network, data, looks, params, FINE_SIZE).pop() : units[units.length - 1];
  return { ...rangeOf(data, looks.axes), units, border: fine ?? [] };
}

/**
 * What each layer answers on a square grid, each unit a map.
 * @param {import("./mathematics/network.js").Network} network @param {Encoded} data @param {Looks} looks @param {Params} params @param {number} size
 * @returns {Float32Array[][]}
 */
function gridOf(network, data, { axes: [first, second], row }, params, size) {
  const { low, high } = rangeOf(data, [first, second]),
    count = size * size;
  const grid = new Float64Array(count * data.width);
  const typical = data.inputs.subarray(row * data.width, (row + 1) * data.width);
  for (let at = 0; at < count; at++) {
    grid.set(typical, at * data.width);
    const across = ((at % size) + 0.5) / size;
    const down = (Math.floor(at / size) + 0.5) / size;
    grid[at * data.width + first] = low[0] + across * (high[0] - low[0]);
    if (second !== first) grid[at * data.width + second] = high[1] - down * (high[1] - low[1]);
  }
  return forward(network, params, grid).map(({ output }, level) => {
    const width = network.widths[level + 1];
    return Array.from({ length: Math.min(width, MOST_SHOWN) }, (_, unit) =>
      Float32Array.from({ length: count }, (_, at) => output[at * width + unit]),
    );
  });
}

/**
 * The ranges of two inputs, a little wider than the rows.
 * @param {Encoded} data @param {[number, number]} axes @returns {{low: [number, number], high: [number, number]}}
 */
export function rangeOf({ inputs, width }, axes) {
  const low = [Infinity, Infinity],
    high = [-Infinity, -Infinity];
  for (let at = 0; at < inputs.length; at += width) {
    axes.forEach((axis, side) => {
      low[side] = Math.min(low[side], inputs[at + axis]);
      high[side] = Math.max(high[side], inputs[at + axis]);
    });
  }
  const margin = low.map((from, side) => 0.08 * (high[side] - from) || 1);
  return {
    low: [low[0] - margin[0], low[1] - margin[1]],
    high: [high[0] + margin[0], high[1] + margin[1]],
  };
}

/** @param {Training} training @param {Encoded} data @param {Params} params @returns {[number, number][]} */
function deadUnits({ network, rows }, data, params) {
  /** @type {[number, number][]} */
  const dead = [];
  forward(network, params, rows.inputs)
    .slice(0, -1)
    .forEach(({ output }, level) => {
      const width = network.widths[level + 1];
      for (let unit = 0; unit < width; unit++) {
        let alive = false;
        for (let at = unit; at < output.length && !alive; at += width) alive = output[at] !== 0;
        if (!alive) dead.push([level, unit]);
      }
    });
  return dead;
}

/** @param {Training} training @param {Table} table @param {Encoded} data @param {Params} params */
function scored({ network }, table, data, params) {
  const rows = taken(data, data.heldOut),
    { predict } = LOSSES[network.loss];
  if (!rows.target.length) return null;
  const logits = logitsOf(network, params, rows.inputs),
    outputs = network.widths[network.widths.length - 1];
  const said = Array.from(rows.target, (_, row) => predict(logits.subarray(row * outputs, (row + 1) * outputs)));
  if (table.target.classes.length) return classScores(said, rows.target, table.target.classes.length);
  const { centre, scale } = targetScale(table, network.loss);
  return numberScores(
    said.map(([value]) => centre + scale * value),
    rows.target.map((value) => centre + scale * value),
  );
}

/** @param {Training} training @param {Encoded} data @param {Params} params */
function pointsOf({ network }, data, params) {
  if (network.widths[0] > 1 || network.widths.length < 2) return { places: [], outputs: [] };
  const { low, high } = rangeOf(data, [0, 0]),
    count = 160;
  const inputs = Float64Array.from({ length: count }, (_, at) => low[0] + (at / (count - 1)) * (high[0] - low[0]));
  const logits = logitsOf(network, params, inputs),
    outputs = network.widths[network.widths.length - 1];
  const { predict } = LOSSES[network.loss];
  const said = Array.from(inputs, (_, row) => predict(logits.subarray(row * outputs, (row + 1) * outputs)).at(-1) ?? 0);
  return { places: Array.from(inputs), outputs: said };
}
