/**
 * One operation of a step, written out: its formula, and the numbers that it takes and gives.
 *
 * Every function here returns parts that `formula_view.js` draws: titles, formulas and tables.
 */

import { ACTIVATIONS } from "./mathematics/activations.js";
import { LOSSES } from "./mathematics/losses.js";
import { PENALTIES } from "./mathematics/penalties.js";
import { SOLVERS } from "./mathematics/solvers.js";
import { figure, plain } from "./numbers.js";
import { inputsOf, levelName, numberName, targetScale } from "./table.js";
import { say, sentences } from "./words.js";

/** @typedef {import("./lab.js").Lab} Lab */
/** @typedef {import("./watching.js").View} View */
/** @typedef {import("./lab.js").Selection} Selection */
/** @typedef {string | {name: string, about: Partial<Selection>}} Cell  A name may lead to what it names. */
/** @typedef {{title: string, says?: string, formulas?: {text: string, names?: string[]}[], head?: string[], rows?: Cell[][], total?: string}} Part */

const MOST_ROWS = 16,
  DIGITS = 5;

const n = (/** @type {number} */ value) => figure(value, DIGITS);
const signed = (/** @type {number} */ value) => (value < 0 ? `(${n(value)})` : n(value));

/** @param {Lab} lab @param {View} view @returns {Part[]} */
export function partsOf(lab, view) {
  const { selection } = lab,
    { operation } = view;
  if (selection.kind === "row") return rowParts(lab, view);
  if (selection.kind === "unit") return unitParts(lab, view, selection);
  if (selection.kind === "weight") return [weightPart(lab, view, selection)];
  if (!operation) return beginning(lab, view);
  return OPERATIONS[operation.kind](lab, view, operation);
}

/** @type {Record<string, (lab: Lab, view: View, place: {level: number, unit: number}) => Part[]>} */
const OPERATIONS = {
  raw: (lab, view) => [rawPart(lab, view)],
  scaled: (lab, view) => [scaledPart(lab, view)],
  sum: (lab, view, place) => [sumPart(lab, view, place)],
  output: (lab, view, place) => [outputPart(lab, view, place)],
  prediction: (lab, view) => [predictionPart(lab, view)],
  loss: (lab, view) => [lossPart(lab, view)],
  delta: (lab, view, place) => [deltaPart(lab, view, place)],
  gradient: (lab, view, place) => [gradientPart(lab, view, place)],
  update: (lab, view, place) => [updatePart(lab, view, place)],
};

/** @param {Lab} lab @param {View} view @returns {Part[]} */
function beginning(lab, view) {
  const { loss, solver } = lab.state;
  return [
    {
      title: say("Before step {step}", { step: view.step + 1 }),
      says: say(
        "Press “One operation” to watch a row go through the network, one formula at a time; or choose a unit, a line or a row.",
      ),
      formulas: [{ text: `ℓ = ${LOSSES[loss].formula}` }, { text: SOLVERS[solver].formula }],
    },
  ];
}

/** @param {Lab} lab @param {View} view @returns {Part} */
function rawPart({ table }, { row: { place } }) {
  const row = table.rows[place];
  const numbers = table.numbers.map((number, at) => [numberName(number), plain(row[at])]);
  const codes = table.codes.map(({ name, levels }, at) => [
    name,
    levelName(levels[row[table.numbers.length + at] - 1]),
  ]);
  return {
    title: say("Raw values of row {row}", { row: place + 1 }),
    head: [say("Column"), say("Value")],
    rows: [...numbers, ...codes],
  };
}

/** @param {Lab} lab @param {View} view @returns {Part} */
function scaledPart({ table }, { row }) {
  const values = table.rows[row.place];
  return {
    title: say("Scaled values of row {row}", { row: row.place + 1 }),
    says: say(
      "Numbers are centred by their mean and divided by their standard deviation, both of the rows that train. A level becomes 0 or 1, and of two levels −1 or 1.",
    ),
    formulas: [{ text: "x = (v − m)/s" }],
    head: [say("Input"), "v", "m", "s", "x"],
    rows: inputsOf(table).map(({ name, column, centre, scale, level }, at) =>
      level
        ? [name, "", "", "", n(row.inputs[at])]
        : [name, plain(values[column]), n(centre), n(scale), n(row.inputs[at])],
    ),
  };
}

/**
 * What enters a layer.
 * @param {View} view @param {number} level
 */
const entering = ({ row }, level) => (level ? row.outputs[level - 1] : row.inputs);

/** @param {View} view @param {number} level @param {number} unit @param {import("./mathematics/network.js").Params} params */
function weightsInto({ widths }, level, unit, params) {
  const fanOut = widths[level + 1];
  return Array.from({ length: widths[level] }, (_, from) => params[level].weight[from * fanOut + unit]);
}

/** @param {Lab} lab @param {View} view @param {{level: number, unit: number}} place @returns {Part} */
function sumPart(lab, view, { level, unit }) {
  const z = entering(view, level),
    weights = weightsInto(view, level, unit, view.before),
    bias = view.before[level].bias[unit],
    sum = view.row.sums[level][unit];
  const names = Array.from(z, (_, from) => lab.nameOf(level - 1, from)),
    input = level ? "z" : "x";
  const terms =
    weights.length <= 4 ? weights.map((weight, from) => `${signed(z[from])}·${signed(weight)}`).join(" + ") : "";
  return {
    title: say("Sum of {unit}", { unit: lab.nameOf(level, unit) }),
    says: say("Each number that enters is multiplied by its weight; the products and the bias are added up."),
    formulas: [
      { text: `a = Σ ${input}ᵢ·wᵢ + b` },
      ...(terms ? [{ text: `a = ${terms} + ${signed(bias)} = ${n(sum)}` }] : []),
    ],
    head: [say("From"), input, "w", `${input}·w`],
    rows: largest([
      ...weights.map(
        (weight, from) =>
          /** @type {Cell[]} */ ([
            { name: names[from], about: { kind: "weight", level, unit, from } },
            n(z[from]),
            n(weight),
            n(z[from] * weight),
          ]),
      ),
      [say("bias b"), "", "", n(bias)],
    ]),
    total: `a = ${n(sum)}`,
  };
}

/** @param {Lab} lab @param {View} view @param {{level: number, unit: number}} place @returns {Part} */
function outputPart(lab, view, { level, unit }) {
  const a = view.row.sums[level][unit],
    z = view.row.outputs[level][unit],
    activation = ACTIVATIONS[lab.state.activation];
  return {
    title: say("Output of {unit}", { unit: lab.nameOf(level, unit) }),
    says: lab.state.dropout ? say("Dropout then sets a share of the outputs to 0 and enlarges the others.") : "",
    formulas: [
      { text: `z = σ(a) = ${activation.formula}` },
      { text: `σ(${n(a)}) = ${n(activation.value(a))}` },
      ...(lab.state.dropout ? [{ text: `z = ${n(z)}` }] : []),
    ],
  };
}

/** @param {Lab} lab @param {View} view @returns {Part} */
function predictionPart({ table, state }, { row }) {
  const { classes, name } = table.target,
    logits = row.sums[row.sums.length - 1],
    title = say("Prediction for row {row}", { row: row.place + 1 });
  if (classes.length === 2) {
    return {
      title,
      formulas: [
        { text: "p = 1/(1 + e^−a)" },
        { text: `p = 1/(1 + e^−${signed(logits[0])}) = ${n(row.prediction[1])}` },
      ],
      head: [say("Class"), "p"],
      rows: classes.map((each, at) => [each, n(row.prediction[at])]),
    };
  }
  if (classes.length) {
    return {
      title,
      formulas: [{ text: "pₖ = e^aₖ/(Σ e^aⱼ)" }],
      head: [say("Class"), "a", "p"],
      rows: classes.map((each, at) => [each, n(logits[at]), n(row.prediction[at])]),
    };
  }
  const { centre, scale } = targetScale(table, state.loss),
    log = LOSSES[state.loss].logarithmic;
  const plain = centre === 0 && scale === 1;
  return {
    title,
    says: plain
      ? ""
      : say("The network learns a scaled target; the last line takes it back to the unit of {target}.", {
          target: name,
        }),
    formulas: [
      { text: log ? `ŷ = e^a = ${n(row.prediction[0])}` : `ŷ = a = ${n(row.prediction[0])}` },
      ...(plain
        ? []
        : [
            {
              text: `⟨0⟩ = ${signed(centre)} + ${n(scale)}·${signed(row.prediction[0])} = ${n(centre + scale * row.prediction[0])}`,
              names: [name],
            },
          ]),
    ],
  };
}

/** @param {Lab} lab @param {View} view @returns {Part} */
function lossPart({ table, state }, { row, batchLoss, penalty, batch }) {
  const loss = LOSSES[state.loss],
    { classes } = table.target,
    truth = classes.length ? classes[row.target] : n(row.target);
  const numbers = classes.length ? `ℓ = −log ${n(row.prediction[row.target])} = ${n(row.loss)}` : `ℓ = ${n(row.loss)}`;
  return {
    title: say("Loss of row {row}", { row: row.place + 1 }),
    says: classes.length
      ? say("The true class is {truth}; p is the probability that the network gives it.", { truth })
      : say("The target, as the network learns it, is y = {truth}.", { truth }),
    formulas: [
      { text: `ℓ = ${loss.formula}` },
      { text: numbers },
      { text: `L = (1/B) Σ ℓ + P = ${n(batchLoss)} + ${n(penalty)} = ${n(batchLoss + penalty)}` },
    ],
    total: say("L is what the step lowers: the mean loss of the {rows} rows of the batch, and the penalty P.", {
      rows: batch,
    }),
  };
}

/** @param {Lab} lab @param {View} view @param {{level: number, unit: number}} place @returns {Part} */
function deltaPart(lab, view, { level, unit }) {
  const { row, batch, widths } = view,
    title = say("How the loss changes with the sum of {unit}", { unit: lab.nameOf(level, unit) });
  if (!row.inBatch) return { title, says: notInBatch(lab, view) };
  const delta = row.deltas[level][unit];
  if (level === widths.length - 2) {
    return {
      title,
      says: say("It is the slope of the loss by the sum a, divided by the {rows} rows of the batch.", { rows: batch }),
      formulas: [
        { text: `δ = (${LOSSES[lab.state.loss].slopeFormula})/B` },
        { text: `δ = ${signed(delta * batch)}/${batch} = ${n(delta)}` },
      ],
    };
  }
  const above = row.deltas[level + 1],
    fanOut = widths[level + 2],
    weights = Array.from(above, (_, to) => view.before[level + 1].weight[unit * fanOut + to]);
  const reached = weights.reduce((sum, weight, to) => sum + weight * above[to], 0),
    activation = ACTIVATIONS[lab.state.activation],
    slope = activation.slope(row.sums[level][unit]);
  return {
    title,
    says: say(
      "What the units above say flows back through the same weights, times the slope of the activation: the chain rule.",
    ),
    formulas: [
      { text: "δ = (Σ wⱼ·δⱼ)·σ′(a)" },
      { text: `σ′(a) = ${activation.slopeFormula} = ${n(slope)}` },
      { text: `δ = ${signed(reached)}·${signed(slope)} = ${n(delta)}` },
    ],
    head: [say("To"), "w", "δ", "w·δ"],
    rows: largest(
      weights.map((weight, to) => [lab.nameOf(level + 1, to), n(weight), n(above[to]), n(weight * above[to])]),
    ),
  };
}

/** @param {Lab} lab @param {View} view @param {{level: number, unit: number}} place @returns {Part} */
function gradientPart(lab, view, { level, unit }) {
  const { row, gradient } = view,
    z = entering(view, level),
    slopes = weightsInto(view, level, unit, gradient),
    own = row.inBatch ? row.deltas[level][unit] : NaN;
  const input = level ? "z" : "x",
    priced = lab.state.penalty !== "none";
  return {
    title: say("Gradients of the weights into {unit}", { unit: lab.nameOf(level, unit) }),
    says: sentences(
      say("This row's share is what entered, times δ. The gradient g adds up the shares of all rows of the batch."),
      priced ? say("The slope of the penalty is added.") : "",
      lab.state.off.length && !level ? say("An input that is switched off has weights of 0, which no gradient moves.") : "",
      row.inBatch ? "" : notInBatch(lab, view),
    ),
    formulas: [
      { text: priced ? `g = Σ ${input}·δ + ${PENALTIES[lab.state.penalty].slopeFormula}` : `g = Σ ${input}·δ` },
    ],
    head: [say("From"), input, "δ", `${input}·δ`, "g"],
    rows: largest([
      ...slopes.map(
        (slope, from) =>
          /** @type {Cell[]} */ ([lab.nameOf(level - 1, from), n(z[from]), n(own), n(z[from] * own), n(slope)]),
      ),
      [say("bias b"), "", n(own), n(own), n(gradient[level].bias[unit])],
    ]),
  };
}

/** @param {Lab} lab @param {View} view @param {{level: number, unit: number}} place @returns {Part} */
function updatePart(lab, view, { level, unit }) {
  const [old, slopes, now] = [view.before, view.gradient, view.after].map((params) => [
    ...weightsInto(view, level, unit, params),
    params[level].bias[unit],
  ]);
  const { solver, rate } = lab.state;
  return {
    title: say("New weights into {unit}", { unit: lab.nameOf(level, unit) }),
    formulas: [
      { text: SOLVERS[solver].formula },
      { text: `η = ${rate}` },
      ...(solver === "gd" || solver === "sgd"
        ? [{ text: `${n(old[0])} − ${rate}·${signed(slopes[0])} = ${n(now[0])}` }]
        : []),
    ],
    head: [say("From"), say("old weight"), "g", say("new weight"), say("difference")],
    rows: largest(
      old.map((weight, at) => [
        at < old.length - 1 ? lab.nameOf(level - 1, at) : say("bias b"),
        n(weight),
        n(slopes[at]),
        n(now[at]),
        n(now[at] - weight),
      ]),
    ),
  };
}

/** @param {Lab} lab @param {View} view @param {{level: number, unit: number}} place @returns {Part[]} */
function unitParts(lab, view, place) {
  const last = place.level === view.widths.length - 2;
  return [
    sumPart(lab, view, place),
    ...(last ? [predictionPart(lab, view)] : [outputPart(lab, view, place)]),
    deltaPart(lab, view, place),
    updatePart(lab, view, place),
  ];
}

/** @param {Lab} lab @param {View} view @param {{level: number, unit: number, from: number}} place @returns {Part} */
function weightPart(lab, view, { level, unit, from }) {
  const at = from * view.widths[level + 1] + unit,
    [w, g, after] = [view.before, view.gradient, view.after].map((params) => params[level].weight[at]);
  const z = entering(view, level)[from],
    input = level ? "z" : "x",
    { solver, rate } = lab.state,
    plain = solver === "gd" || solver === "sgd";
  return {
    title: say("Weight from {from} to {to}", { from: lab.nameOf(level - 1, from), to: lab.nameOf(level, unit) }),
    says: say(
      "Forward, it carries a share of the sum; backward, its gradient says how the loss changes with it; then it takes a step.",
    ),
    formulas: [
      { text: `${input}·w = ${signed(z)}·${signed(w)} = ${n(z * w)}` },
      { text: `g = ${n(g)}` },
      { text: SOLVERS[solver].formula },
      {
        text: plain
          ? `w = ${signed(w)} − ${rate}·${signed(g)} = ${n(after)}`
          : `w = ${signed(w)} + ${signed(after - w)} = ${n(after)}`,
      },
    ],
  };
}

/** @param {Lab} lab @param {View} view @returns {Part[]} */
function rowParts(lab, view) {
  const { row } = view;
  const layers = row.outputs.slice(0, -1).map((outputs, level) => ({
    title: say("Layer {layer}", { layer: level + 1 }),
    head: [say("Unit"), "a", "z"],
    rows: largest(Array.from(outputs, (z, unit) => [lab.nameOf(level, unit), n(row.sums[level][unit]), n(z)])),
  }));
  return [scaledPart(lab, view), ...layers, predictionPart(lab, view), lossPart(lab, view)];
}

/** @param {Lab} lab @param {View} view */
const notInBatch = ({ table }, { row }) =>
  table.held_out.includes(row.place)
    ? say("Row {row} is held out: it moves no weight.", { row: row.place + 1 })
    : say("Row {row} is not in this batch: it moves no weight in this step.", { row: row.place + 1 });

/**
 * Keep the lines whose last number is largest, in their order.
 * @param {Cell[][]} rows @returns {Cell[][]}
 */
function largest(rows) {
  if (rows.length <= MOST_ROWS) return rows;
  const size = (/** @type {Cell[]} */ row) => Math.abs(Number(String(row[row.length - 1]).replaceAll("−", "-")));
  const kept = new Set([...rows].sort((a, b) => size(b) - size(a)).slice(0, MOST_ROWS));
  return [
    ...rows.filter((row) => kept.has(row)),
    [say("and {more} smaller ones", { more: rows.length - MOST_ROWS }), ...Array(rows[0].length - 1).fill("")],
  ];
}
