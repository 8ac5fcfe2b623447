/**
 * The loss over a plane of parameters, and the way that training has taken on it.
 *
 * With one weight and one bias, the plane is all there is. Otherwise it goes through the parameters
 * now along the two principal directions of the path (H. Li and others, Visualizing the loss
 * landscape of neural nets, NeurIPS 2018), which hold a share of the path's variance.
 */

import { meanLoss } from "./network.js";
import { penaltyValue } from "./penalties.js";
import { logitsOf, taken } from "./training.js";

/** @typedef {import("./training.js").Training} Training */
/** @typedef {import("./network.js").Params} Params */
/**
 * @typedef {object} Surface
 * @property {boolean} exact
 * @property {number} share  Of the path's variance that lies in the plane.
 * @property {[number, number]} low
 * @property {[number, number]} high
 * @property {number} size
 * @property {Float32Array} values  Row by row from the top.
 * @property {[number, number][]} path
 * @property {number} rows  Whose mean loss it is.
 */

const SIZE = 25,
  MOST_ROWS = 200,
  FEWEST_ROWS = 8,
  MOST_PRODUCTS = 5e7,
  ROUNDS = 200;

/** @param {number[]} widths @returns {number} Products that a network takes for one row. */
export const productsOf = (widths) => widths.slice(1).reduce((sum, width, level) => sum + width * widths[level], 0);

/** @param {Training} training @returns {number} Rows over which a surface is drawn: fewer for a large network. */
function rowsOf({ network: { widths }, rows }) {
  const affordable = Math.floor(MOST_PRODUCTS / (SIZE * SIZE * productsOf(widths)));
  return Math.min(rows.target.length, MOST_ROWS, Math.max(affordable, FEWEST_ROWS));
}

/** @param {Training} training @returns {number} Products that a surface takes. */
export const costOf = (training) => SIZE * SIZE * rowsOf(training) * productsOf(training.network.widths);

/** @param {Training} training @returns {Surface | null} Null before the first step of a network, which has no path yet. */
export function surfaceOf(training) {
  const { state, snapshots, network } = training,
    now = flat(state.params),
    exact = now.length === 2;
  const points = [...snapshots.filter(({ step }) => step < state.step).map(({ params }) => flat(params)), now];
  const plane = exact ? { directions: [Float64Array.of(1, 0), Float64Array.of(0, 1)], share: 1 } : principal(points);
  if (!plane) return null;
  const origin = exact ? new Float64Array(2) : now,
    [first, second] = plane.directions;
  const path = points.map(
    (point) => /** @type {[number, number]} */ ([along(point, origin, first), along(point, origin, second)]),
  );
  const { low, high } = range(path, exact),
    values = new Float32Array(SIZE * SIZE);
  const count = rowsOf(training),
    rows = taken(
      training.rows,
      Int32Array.from({ length: count }, (_, at) => at),
    );
  for (let at = 0; at < values.length; at++) {
    const x = low[0] + (((at % SIZE) + 0.5) / SIZE) * (high[0] - low[0]),
      y = high[1] - ((Math.floor(at / SIZE) + 0.5) / SIZE) * (high[1] - low[1]);
    const params = nested(
      origin.map((value, place) => value + x * first[place] + y * second[place]),
      state.params,
    );
    const penalty = params.reduce((sum, { weight }) => sum + penaltyValue(training.strengths, weight), 0);
    values[at] = meanLoss(network, logitsOf(network, params, rows.inputs), rows.target) + penalty;
  }
  return { exact, share: plane.share, low, high, size: SIZE, values, path, rows: count };
}

/** @param {Params} params */
function flat(params) {
  return Float64Array.from(params.flatMap(({ weight, bias }) => [...weight, ...bias]));
}

/** @param {Float64Array} values @param {Params} shape @returns {Params} */
function nested(values, shape) {
  let at = 0;
  return shape.map(({ weight, bias }) => {
    const start = at,
      middle = start + weight.length;
    at = middle + bias.length;
    return { weight: values.slice(start, middle), bias: values.slice(middle, at) };
  });
}

/** @param {Float64Array} point @param {Float64Array} origin @param {Float64Array} direction */
function along(point, origin, direction) {
  let sum = 0;
  for (let at = 0; at < point.length; at++) sum += (point[at] - origin[at]) * direction[at];
  return sum;
}

/**
 * The two principal directions of the way to the last of some points, and their share.
 * @param {Float64Array[]} points @returns {{directions: Float64Array[], share: number} | null}
 */
export function principal(points) {
  const last = points[points.length - 1],
    ways = points.slice(0, -1).map((point) => point.map((value, at) => value - last[at]));
  const gram = ways.map((left) =>
    Float64Array.from(ways, (right) => left.reduce((sum, value, at) => sum + value * right[at], 0)),
  );
  const whole = gram.reduce((sum, row, at) => sum + row[at], 0);
  if (!(whole > 0) || !Number.isFinite(whole)) return null;
  /** @type {Float64Array[]} */
  const directions = [];
  let held = 0;
  for (let turn = 0; turn < 2; turn++) {
    let vector = Float64Array.from(ways, (_, at) => 1 + 0.1 * ((at * 7 + turn) % 5)),
      size = 0;
    for (let round = 0; round < ROUNDS; round++) {
      vector = Float64Array.from(gram, (row) => row.reduce((sum, value, at) => sum + value * vector[at], 0));
      size = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
      if (!(size > whole * 1e-12)) break;
      vector = vector.map((value) => value / size);
    }
    const direction = unit(
      last.map((_, place) => ways.reduce((sum, way, at) => sum + way[place] * vector[at], 0)),
      directions,
      turn,
    );
    directions.push(direction);
    if (!(size > whole * 1e-12)) break;
    held += size;
    gram.forEach((row, at) => row.forEach((_, other) => (row[other] -= size * vector[at] * vector[other])));
  }
  if (directions.length < 2) directions.push(unit(new Float64Array(last.length), directions, 1));
  return { directions, share: Math.min(1, held / whole) };
}

/**
 * A direction of length 1, at right angles to others; any such one if it has no length.
 * @param {Float64Array} direction @param {Float64Array[]} others @param {number} place
 */
function unit(direction, others, place) {
  const zero = new Float64Array(direction.length);
  for (let axis = place; ; axis++) {
    let free = direction.slice();
    for (const other of others) {
      const part = along(free, zero, other);
      free = free.map((value, at) => value - part * other[at]);
    }
    const size = Math.sqrt(along(free, zero, free));
    if (size > 1e-12) return free.map((value) => value / size);
    direction = zero.map((_, at) => (at === axis % direction.length ? 1 : 0));
  }
}

/**
 * What a path covers, wider by half on each side, and the same length both ways where nothing is exact.
 * @param {[number, number][]} path @param {boolean} exact @returns {{low: [number, number], high: [number, number]}}
 */
function range(path, exact) {
  const [low, high] = [Math.min, Math.max].map((end) =>
    [0, 1].map((side) => path.reduce((found, point) => end(found, point[side]), path[0][side])),
  );
  const length = [0, 1].map((side) => high[side] - low[side]),
    most = Math.max(...length, 1e-3);
  const margin = length.map((each) => (exact ? Math.max(0.6 * each, 2) : 0.4 * Math.max(each, 0.5 * most)));
  return { low: [low[0] - margin[0], low[1] - margin[1]], high: [high[0] + margin[0], high[1] + margin[1]] };
}
