/**
 * The network: a_l = z_(l−1) W_l + b_l and z_l = σ(a_l); the last a_l are the logits.
 *
 * Arrays are row-major: weight [in, out], the numbers of n rows [n, width]. Every sum is taken in
 * one order, so the same numbers give the same bits.
 */

import { ACTIVATIONS, glorot } from "./activations.js";
import { LOSSES } from "./losses.js";
import { Stream } from "./random.js";

/** @typedef {{weight: Float64Array, bias: Float64Array}} Layer */
/** @typedef {Layer[]} Params */
/**
 * What a layer computes of n rows: its inputs, its sums a and its outputs z; of dropout, the factor
 * of each output.
 * @typedef {{input: Float64Array, sum: Float64Array, output: Float64Array, kept: Float64Array | null}} Passed
 */
/**
 * @typedef {object} Network
 * @property {number[]} widths  Inputs, units of each hidden layer, outputs.
 * @property {string} activation
 * @property {string} loss
 */

/** @param {Network} network @param {number} seed @returns {Params} */
export function initial(network, seed) {
  const random = new Stream(seed, "init"),
    { widths } = network;
  return widths.slice(1).map((fanOut, level) => {
    const fanIn = widths[level],
      last = level === widths.length - 2;
    const bound = last ? glorot(fanIn, fanOut) : ACTIVATIONS[network.activation].bound(fanIn, fanOut);
    const size = widths.length === 2 ? 0 : bound,
      shift = last ? 0 : 1 / Math.sqrt(fanIn);
    return {
      weight: Float64Array.from({ length: fanIn * fanOut }, () => size * (2 * random.uniform() - 1)),
      bias: Float64Array.from({ length: fanOut }, () => shift * (2 * random.uniform() - 1)),
    };
  });
}

/** @param {Params} params @returns {Params} */
export const copied = (params) => params.map(({ weight, bias }) => ({ weight: weight.slice(), bias: bias.slice() }));

/**
 * Compute every layer of n rows.
 * @param {Network} network @param {Params} params @param {Float64Array} rows  [n, d]
 * @param {{share: number, stream: Stream} | null} dropout  Of the units of hidden layers.
 * @returns {Passed[]}
 */
export function forward(network, params, rows, dropout = null) {
  const activation = ACTIVATIONS[network.activation].value,
    count = rows.length / network.widths[0];
  let input = rows;
  return params.map((layer, level) => {
    const sum = sums(input, layer, count);
    if (level === params.length - 1) return { input, sum, output: sum, kept: null };
    const output = new Float64Array(sum.length);
    for (let at = 0; at < sum.length; at++) output[at] = activation(sum[at]);
    const kept = dropout && dropout.share > 0 ? factors(sum.length, dropout) : null;
    if (kept) for (let at = 0; at < sum.length; at++) output[at] *= kept[at];
    const passed = { input, sum, output, kept };
    input = output;
    return passed;
  });
}

/** @param {Float64Array} input @param {Layer} layer @param {number} count */
function sums(input, { weight, bias }, count) {
  const fanOut = bias.length,
    fanIn = weight.length / fanOut,
    sum = new Float64Array(count * fanOut);
  for (let row = 0; row < count; row++) {
    const out = sum.subarray(row * fanOut, (row + 1) * fanOut);
    for (let i = 0; i < fanIn; i++) {
      const x = input[row * fanIn + i],
        start = i * fanOut;
      if (x !== 0) for (let j = 0; j < fanOut; j++) out[j] += x * weight[start + j];
    }
    for (let j = 0; j < fanOut; j++) out[j] += bias[j];
  }
  return sum;
}

/** @param {number} count @param {{share: number, stream: Stream}} dropout */
function factors(count, { share, stream }) {
  return Float64Array.from({ length: count }, () => (stream.uniform() < share ? 0 : 1 / (1 - share)));
}

/**
 * Return δ = d(mean loss)/da of every layer [n, width], and the gradient of every parameter.
 * @param {Network} network @param {Params} params @param {Passed[]} passed @param {ArrayLike<number>} target
 * @returns {{deltas: Float64Array[], gradient: Params}}
 */
export function backward(network, params, passed, target) {
  const { slope } = ACTIVATIONS[network.activation],
    count = target.length;
  /** @type {Float64Array[]} */
  const deltas = [];
  /** @type {Params} */
  const gradient = [];
  let delta = lossSlopes(network, passed[passed.length - 1].sum, target);
  for (let level = params.length - 1; level >= 0; level--) {
    deltas[level] = delta;
    gradient[level] = gradients(passed[level].input, delta, count);
    if (level === 0) break;
    const { sum, kept } = passed[level - 1],
      below = new Float64Array(sum.length);
    const { weight, bias } = params[level],
      fanOut = bias.length,
      fanIn = weight.length / fanOut;
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < fanIn; i++) {
        let reached = 0;
        for (let j = 0; j < fanOut; j++) reached += weight[i * fanOut + j] * delta[row * fanOut + j];
        const at = row * fanIn + i;
        below[at] = reached * slope(sum[at]) * (kept ? kept[at] : 1);
      }
    }
    delta = below;
  }
  return { deltas, gradient };
}

/** @param {Network} network @param {Float64Array} logits @param {ArrayLike<number>} target */
function lossSlopes(network, logits, target) {
  const { gradient } = LOSSES[network.loss],
    count = target.length,
    outputs = logits.length / count;
  const slopes = new Float64Array(logits.length);
  for (let row = 0; row < count; row++) {
    const place = [row * outputs, (row + 1) * outputs];
    gradient(logits.subarray(...place), target[row], slopes.subarray(...place));
  }
  for (let at = 0; at < slopes.length; at++) slopes[at] /= count;
  return slopes;
}

/** @param {Float64Array} input @param {Float64Array} delta @param {number} count @returns {Layer} */
function gradients(input, delta, count) {
  const fanIn = input.length / count,
    fanOut = delta.length / count;
  const weight = new Float64Array(fanIn * fanOut),
    bias = new Float64Array(fanOut);
  for (let row = 0; row < count; row++) {
    const slopes = delta.subarray(row * fanOut, (row + 1) * fanOut);
    for (let i = 0; i < fanIn; i++) {
      const x = input[row * fanIn + i],
        start = i * fanOut;
      if (x !== 0) for (let j = 0; j < fanOut; j++) weight[start + j] += x * slopes[j];
    }
    for (let j = 0; j < fanOut; j++) bias[j] += slopes[j];
  }
  return { weight, bias };
}

/**
 * Return the mean loss of n rows.
 * @param {Network} network @param {Float64Array} logits @param {ArrayLike<number>} target
 */
export function meanLoss(network, logits, target) {
  const { value } = LOSSES[network.loss],
    count = target.length,
    outputs = logits.length / count;
  let total = 0;
  for (let row = 0; row < count; row++)
    total += value(logits.subarray(row * outputs, (row + 1) * outputs), target[row]);
  return total / count;
}
