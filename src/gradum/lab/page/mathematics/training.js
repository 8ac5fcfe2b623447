/**
 * Training as a machine with states: forward by an operation, a batch or an epoch, and back again.
 *
 * The state after a step follows from settings, rows and seed alone, so any earlier state is found
 * again from the nearest snapshot. Within a step, a cursor walks over its operations: raw values,
 * scaled values, the sums and outputs of every unit, the loss, every gradient, the new weights.
 */

import { backward, copied, forward, initial, meanLoss } from "./network.js";
import { PENALTIES, penaltySlope, penaltyValue } from "./penalties.js";
import { Stream } from "./random.js";
import { SOLVERS } from "./solvers.js";

/** @typedef {import("./network.js").Params} Params */
/** @typedef {import("./network.js").Passed} Passed */
/**
 * @typedef {object} Settings
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
 * @property {number[]} [off]  Inputs whose weights are 0 and stay so.
 */
/** @typedef {{inputs: Float64Array, target: Float64Array}} Rows  Scaled inputs [n, d]. */
/** @typedef {{params: Params, memories: Params[], step: number}} State */
/**
 * One step: its rows, what the layers computed of them, and the parameters after it.
 * @typedef {object} Trace
 * @property {Int32Array} places  Rows of the batch.
 * @property {Float64Array} target
 * @property {Passed[]} passed
 * @property {Float64Array[]} deltas
 * @property {Params} gradient  The penalty's slope included.
 * @property {number} loss
 * @property {number} penalty
 * @property {State} after
 */
/** @typedef {"raw" | "scaled" | "sum" | "output" | "prediction" | "loss" | "delta" | "gradient" | "update"} Kind */
/** @typedef {{kind: Kind, level: number, unit: number}} Operation */
/** @typedef {{epoch: number, training: number, validation: number}} Scored */

const MOST_SNAPSHOTS = 96;
export const FAR_ABOVE = 1000; // of the first loss: nothing that still learns is there

export class Training {
  /**
   * @param {Settings} settings @param {number} outputs
   * @param {Rows} rows  To learn from. @param {Rows} validation
   */
  constructor(settings, outputs, rows, validation) {
    const inputs = rows.inputs.length / rows.target.length;
    this.settings = settings;
    this.rows = rows;
    this.validation = validation;
    this.network = {
      widths: [inputs, ...settings.hidden, outputs],
      activation: settings.activation,
      loss: settings.loss,
    };
    this.solver = SOLVERS[settings.solver];
    this.strengths = PENALTIES[settings.penalty].strengths(settings.alpha);
    const count = rows.target.length;
    this.batch = this.solver.wholeBatch ? count : Math.min(settings.batch, count);
    this.stepsPerEpoch = Math.ceil(count / this.batch);
    const params = initial(this.network, settings.seed);
    this.switchOff(params);
    /** @type {State} */
    this.state = { params, memories: Array.from({ length: this.solver.memories }, () => zeros(params)), step: 0 };
    this.cursor = 0; // operations of the step that are done
    /** @type {Trace | null} */
    this.current = null;
    /** @type {State[]} */
    this.snapshots = [copiedState(this.state)];
    this.spacing = 1;
    this.operations = operationsOf(this.network.widths);
    this.ordered = -1; // the epoch whose order of rows is known
    this.order = Int32Array.of();
    /** @type {Scored[]} */
    this.history = [this.scored()];
    this.firstLoss = this.trace.loss;
  }

  get epoch() {
    return Math.floor(this.state.step / this.stepsPerEpoch);
  }

  /** @returns {Operation | null} The operation that is done last; null before the first of a step. */
  get operation() {
    return this.cursor ? this.operations[this.cursor - 1] : null;
  }

  /** Whether the next step leads out of the numbers, or the loss is far above the first one. */
  get diverged() {
    return !allFinite(this.trace.after.params) || !(this.trace.loss <= FAR_ABOVE * Math.max(this.firstLoss, 1e-3));
  }

  /** @returns {Trace} The step that is next or under way. */
  get trace() {
    return (this.current ??= this.traced());
  }

  /** @returns {Params} The parameters, new ones for the units that are updated already. */
  get params() {
    const { params } = this.state,
      done = this.operations.slice(0, this.cursor).filter((each) => each.kind === "update");
    if (!done.length) return params;
    const shown = copied(params),
      { after } = this.trace;
    for (const { level, unit } of done) {
      const { weight, bias } = shown[level],
        fanOut = bias.length;
      for (let at = unit; at < weight.length; at += fanOut) weight[at] = after.params[level].weight[at];
      bias[unit] = after.params[level].bias[unit];
    }
    return shown;
  }

  /** Do one operation; after the last one, the next step begins. */
  operate() {
    if (this.cursor < this.operations.length) this.cursor += 1;
    else if (this.takeStep()) this.cursor = 1;
  }

  /** Undo one operation. */
  undo() {
    if (this.cursor > 0) this.cursor -= 1;
    else if (this.state.step > 0) {
      this.goTo(this.state.step - 1);
      this.cursor = this.operations.length - 1;
    }
  }

  /** Do the rest of a step, unless it diverges; returns whether it did. */
  takeStep() {
    if (this.diverged) return false;
    this.finishStep();
    return true;
  }

  /** Do the rest of a step. */
  finishStep() {
    this.state = this.trace.after;
    this.current = null;
    this.cursor = 0;
    const { step } = this.state;
    if (step % this.spacing === 0 && step > this.snapshots[this.snapshots.length - 1].step) this.keep();
    if (step % this.stepsPerEpoch === 0 && this.history.length === this.epoch) this.history.push(this.scored());
  }

  /** Do the rest of an epoch, or stop where training leaves the numbers; returns whether it went on. */
  finishEpoch() {
    do if (!this.takeStep()) return false;
    while (this.state.step % this.stepsPerEpoch);
    return true;
  }

  /** Return to the beginning of an earlier step, or go on to a later one. @param {number} step */
  goTo(step) {
    const goal = Math.max(0, step),
      [from] = this.snapshots.filter((each) => each.step <= goal).slice(-1);
    if (goal < this.state.step || from.step > this.state.step) this.state = copiedState(from);
    this.current = null;
    this.cursor = 0;
    while (this.state.step < goal && this.takeStep());
  }

  keep() {
    this.snapshots.push(copiedState(this.state));
    if (this.snapshots.length <= MOST_SNAPSHOTS) return;
    this.spacing *= 2;
    this.snapshots = this.snapshots.filter((each) => each.step % this.spacing === 0);
  }

  /** @returns {Int32Array} The rows of the step: each epoch has an order of its own. */
  places() {
    const count = this.rows.target.length,
      { step } = this.state,
      { seed } = this.settings;
    if (this.batch === count) return Int32Array.from({ length: count }, (_, at) => at);
    if (this.ordered !== this.epoch) {
      this.order = new Stream(seed, "order", this.epoch).order(count);
      this.ordered = this.epoch;
    }
    const start = (step % this.stepsPerEpoch) * this.batch;
    return this.order.slice(start, start + this.batch);
  }

  /** @returns {Trace} */
  traced() {
    const { network, state, settings, strengths } = this;
    const places = this.places(),
      rows = taken(this.rows, places),
      step = state.step + 1;
    const dropout =
      settings.dropout > 0 ? { share: settings.dropout, stream: new Stream(settings.seed, "dropout", step) } : null;
    const passed = forward(network, state.params, rows.inputs, dropout);
    const { deltas, gradient } = backward(network, state.params, passed, rows.target);
    this.switchOff(gradient);
    let penalty = 0;
    state.params.forEach(({ weight }, level) => {
      penalty += penaltyValue(strengths, weight);
      const slopes = gradient[level].weight;
      for (let at = 0; at < slopes.length; at++) slopes[at] += penaltySlope(strengths, weight[at]);
    });
    const loss = meanLoss(network, passed[passed.length - 1].sum, rows.target);
    return { places, target: rows.target, passed, deltas, gradient, loss, penalty, after: this.moved(gradient) };
  }

  /** Set what belongs to the inputs that are switched off to 0. @param {Params} params */
  switchOff([{ weight, bias }]) {
    for (const input of this.settings.off ?? []) weight.fill(0, input * bias.length, (input + 1) * bias.length);
  }

  /** @param {Params} gradient @returns {State} */
  moved(gradient) {
    const after = copiedState(this.state),
      step = (after.step += 1),
      { rate } = this.settings;
    after.params.forEach((layer, level) => {
      for (const part of /** @type {const} */ (["weight", "bias"])) {
        const values = layer[part],
          slopes = gradient[level][part];
        const memory = after.memories.map((each) => each[level][part]);
        for (let at = 0; at < values.length; at++) values[at] += this.solver.step(slopes[at], rate, memory, at, step);
      }
    });
    return after;
  }

  /** @returns {Scored} The mean losses now, without dropout and penalty. */
  scored() {
    const [training, validation] = [this.rows, this.validation].map(({ inputs, target }) =>
      target.length ? meanLoss(this.network, logitsOf(this.network, this.state.params, inputs), target) : NaN,
    );
    return { epoch: this.epoch, training, validation };
  }
}

/** @param {import("./network.js").Network} network @param {Params} params @param {Float64Array} inputs */
export function logitsOf(network, params, inputs) {
  return forward(network, params, inputs)[params.length - 1].sum;
}

/**
 * List the operations of a step: forward unit by unit, the loss, backward, and the update.
 * @param {number[]} widths @returns {Operation[]}
 */
export function operationsOf(widths) {
  const last = widths.length - 2;
  /** @type {Operation[]} */
  const list = [];
  /** @param {Kind} kind @param {number} level */
  const each = (kind, level) => {
    for (let unit = 0; unit < widths[level + 1]; unit++) list.push({ kind, level, unit });
  };
  list.push({ kind: "raw", level: -1, unit: 0 }, { kind: "scaled", level: -1, unit: 0 });
  for (let level = 0; level <= last; level++) {
    each("sum", level);
    if (level < last) each("output", level);
  }
  list.push({ kind: "prediction", level: last, unit: 0 }, { kind: "loss", level: last, unit: 0 });
  for (let level = last; level >= 0; level--) {
    each("delta", level);
    each("gradient", level);
  }
  for (let level = 0; level <= last; level++) each("update", level);
  return list;
}

/** @param {Rows} rows @param {Int32Array} places @returns {Rows} */
export function taken({ inputs, target }, places) {
  const width = inputs.length / target.length,
    chosen = new Float64Array(places.length * width);
  places.forEach((place, at) => chosen.set(inputs.subarray(place * width, (place + 1) * width), at * width));
  return { inputs: chosen, target: Float64Array.from(places, (place) => target[place]) };
}

/** @param {Params} params @returns {Params} */
const zeros = (params) =>
  params.map(({ weight, bias }) => ({ weight: new Float64Array(weight.length), bias: new Float64Array(bias.length) }));

/** @param {State} state @returns {State} */
const copiedState = ({ params, memories, step }) => ({ params: copied(params), memories: memories.map(copied), step });

/** @param {Params} params */
const allFinite = (params) =>
  params.every(({ weight, bias }) => weight.every(Number.isFinite) && bias.every(Number.isFinite));
