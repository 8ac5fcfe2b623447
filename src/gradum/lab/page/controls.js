/** What can be chosen: each control with its formula, what it does, and what a change will do. */

import { add, h } from "./dom.js";
import { LabElement } from "./element.js";
import { ACTIVATIONS } from "./mathematics/activations.js";
import { LOSSES } from "./mathematics/losses.js";
import { PENALTIES } from "./mathematics/penalties.js";
import { SOLVERS } from "./mathematics/solvers.js";
import { math } from "./mathml.js";
import { MOST_LAYERS, MOST_UNITS, valueOf } from "./state.js";
import { marked, say } from "./words.js";

/** @typedef {import("./lab.js").Lab} Lab */
/** @typedef {import("./state.js").State} State */

/** What choices are called. */
export const NAMES = /** @type {Record<string, string>} */ ({
  relu: marked("ReLU"),
  tanh: marked("Hyperbolic tangent"),
  logistic: marked("Logistic"),
  identity: marked("None (identity)"),
  gelu: marked("GELU"),
  selu: marked("SELU"),
  squared_error: marked("Squared error"),
  absolute_error: marked("Absolute error"),
  huber: marked("Huber's loss"),
  quantile: marked("Quantile (median)"),
  log_loss: marked("Log loss"),
  poisson: marked("Poisson"),
  gamma: marked("Gamma"),
  tweedie: marked("Tweedie"),
  none: marked("No penalty"),
  l2: marked("L2 (ridge)"),
  l1: marked("L1 (lasso)"),
  elastic_net: marked("Elastic net"),
  gd: marked("Gradient descent"),
  sgd: marked("SGD"),
  momentum: marked("SGD with momentum"),
  adam: marked("Adam"),
});
const AGAIN = marked("A change begins the training again, from the same first weights.");
const NEW_WEIGHTS = marked("A change draws new first weights and begins the training again.");

/**
 * @typedef {object} Control
 * @property {keyof State & string} name
 * @property {string} label
 * @property {string} does
 * @property {string} change
 * @property {(state: State) => string} [formula]
 * @property {(lab: Lab) => string[]} [choices]
 * @property {{min: number, max: number, step: number | string}} [range]
 * @property {(state: State) => boolean} [matters]
 */

/** @type {Control[]} */
const CONTROLS = [
  {
    name: "activation",
    label: marked("Activation"),
    choices: () => Object.keys(ACTIVATIONS),
    change: NEW_WEIGHTS,
    does: marked(
      "The function between two layers, of each sum by itself. Without it, layers upon layers are one linear model.",
    ),
    formula: ({ activation }) => `z = ${ACTIVATIONS[activation].formula}`,
    matters: ({ hidden }) => hidden.length > 0,
  },
  {
    name: "loss",
    label: marked("Loss"),
    choices: (lab) => lab.lossesOf(lab.table),
    change: AGAIN,
    does: marked("What an error costs. Training lowers its mean over the rows."),
    formula: ({ loss }) => `ℓ = ${LOSSES[loss].formula}`,
  },
  {
    name: "solver",
    label: marked("Solver"),
    choices: () => Object.keys(SOLVERS),
    change: AGAIN,
    does: marked(
      "How a gradient g becomes a step of a weight θ. Gradient descent sees all rows in each step, the others a batch of them.",
    ),
    formula: ({ solver }) => SOLVERS[solver].formula,
  },
  {
    name: "rate",
    label: marked("Learning rate"),
    range: { min: 1e-6, max: 100, step: "any" },
    change: AGAIN,
    formula: ({ rate }) => `η = ${rate}`,
    does: marked(
      "The length of a step. Too small, and training crawls; too large, and each step leaps over the minimum and ends higher.",
    ),
  },
  {
    name: "batch",
    label: marked("Rows of a batch"),
    range: { min: 1, max: 2000, step: 1 },
    change: AGAIN,
    formula: ({ batch }) => `B = ${batch}`,
    does: marked(
      "How many rows give the gradient of a step. Few rows make cheap steps that wander; all rows make the step of gradient descent.",
    ),
    matters: ({ solver }) => !SOLVERS[solver].wholeBatch,
  },
  {
    name: "penalty",
    label: marked("Penalty"),
    choices: () => Object.keys(PENALTIES),
    change: AGAIN,
    does: marked("What large weights cost besides the loss. It keeps a network from following every row."),
    formula: ({ penalty }) => (penalty === "none" ? "" : PENALTIES[penalty].formula),
  },
  {
    name: "alpha",
    label: marked("Strength of the penalty"),
    range: { min: 0, max: 10, step: "any" },
    change: AGAIN,
    formula: ({ alpha }) => `α = ${alpha}`,
    does: marked("How much the penalty counts beside the loss. Large values draw all weights to 0."),
    matters: ({ penalty }) => penalty !== "none",
  },
  {
    name: "dropout",
    label: marked("Dropout"),
    range: { min: 0, max: 0.9, step: 0.05 },
    change: AGAIN,
    formula: ({ dropout }) => `p = ${dropout}`,
    does: marked(
      "The share of hidden units that a step leaves out, drawn anew for each row. No unit can rely on a single other one.",
    ),
    matters: ({ hidden }) => hidden.length > 0,
  },
  {
    name: "seed",
    label: marked("Seed"),
    range: { min: 0, max: 4294967295, step: 1 },
    change: NEW_WEIGHTS,
    does: marked("What all random numbers come from. The same seed gives the same numbers in every browser."),
  },
];

/** What settings are called. @type {Record<string, string>} */
export const LABELS = {
  data: marked("Table"),
  noise: marked("Noise"),
  hidden: marked("Units"),
  off: marked("Inputs that are switched off"),
  ...Object.fromEntries(CONTROLS.map(({ name, label }) => [name, label])),
};

export class LabControls extends LabElement {
  /** @param {Lab} lab */
  draw(lab) {
    const shown = CONTROLS.filter(({ name, matters }) => lab.offers(name) && (!matters || matters(lab.state)));
    add(
      this,
      h("h2", { class: "unseen" }, say("Model and training")),
      ...(lab.offers("hidden") ? this.layers(lab) : []),
      shown.map((control) => this.control(lab, control)),
    );
  }

  /** @param {Lab} lab @param {Control} control */
  control(lab, { name, label, does, change, formula, choices, range }) {
    const value = lab.state[name],
      id = `set-${name}`,
      shown = formula?.(lab.state);
    const input = choices
      ? h(
          "select",
          { id },
          choices(lab).map((choice) => h("option", { value: choice, selected: choice === value }, say(NAMES[choice]))),
        )
      : h("input", { id, type: "number", value, ...range, required: true });
    input.setAttribute("aria-describedby", `${id}-does`);
    input.addEventListener("change", () => {
      const chosen = valueOf(name, input.value);
      if (chosen === undefined) input.value = String(lab.state[name]);
      else lab.change({ [name]: chosen });
    });
    return h(
      "div",
      { class: "control" },
      h("label", { for: id }, say(label)),
      input,
      h("p", { class: "will" }, say(change)),
      this.help(id, say(label), say(does), say(change), shown),
    );
  }

  /** @param {Lab} lab */
  layers(lab) {
    const { hidden } = lab.state;
    const kind = lab.table.target.classes.length ? say("Logistic model") : say("Linear model");
    const count = h(
      "select",
      { id: "set-hidden", "aria-describedby": "set-hidden-does" },
      Array.from({ length: MOST_LAYERS + 1 }, (_, layers) =>
        h(
          "option",
          { value: layers, selected: layers === hidden.length },
          layers || kind,
        ),
      ),
    );
    count.addEventListener("change", () => {
      const wanted = Number(count.value),
        last = hidden[hidden.length - 1] ?? 4;
      lab.change({ hidden: Array.from({ length: wanted }, (_, level) => hidden[level] ?? last) });
    });
    const widths = hidden.map((width, level) => {
      const label = say("Units of layer {layer}", { layer: level + 1 });
      const input = h("input", {
        id: `set-hidden-${level}`,
        type: "number",
        min: 1,
        max: MOST_UNITS,
        step: 1,
        value: width,
        "aria-label": label,
        title: label,
      });
      input.addEventListener("change", () => {
        const widths = valueOf("hidden", hidden.map((old, at) => (at === level ? input.value : old)).join("."));
        if (widths === undefined || input.value === "") input.value = String(width);
        else lab.change({ hidden: widths });
      });
      return input;
    });
    return [
      h(
        "div",
        { class: "control" },
        h("label", { for: "set-hidden" }, say("Hidden layers")),
        count,
        h("p", { class: "will" }, say(NEW_WEIGHTS)),
        this.help(
          "set-hidden",
          say("Hidden layers"),
          say(
            "Each unit weighs all numbers of the layer before it and adds them up. Hidden layers let straight lines become curves.",
          ),
          say(NEW_WEIGHTS),
          hidden.length ? "z = σ(W x + b)" : "a = W x + b",
        ),
      ),
      widths.length > 0 &&
        h(
          "div",
          { class: widths.length > 2 ? "control broad" : "control" },
          h("span", { class: "label" }, say("Units")),
          h("div", { class: "widths" }, widths),
        ),
    ];
  }

  /** What a control does, with its formula: below all controls, so that nothing else moves. @param {string} id @param {string} label @param {string} does @param {string} change @param {string} [formula] */
  help(id, label, does, change, formula) {
    return h(
      "details",
      { id: `${id}-help`, name: "help" },
      h("summary", { "aria-label": say("What “{control}” does", { control: label }), title: does }, "?"),
      h(
        "div",
        { class: "about" },
        h("strong", {}, label),
        h("p", { id: `${id}-does` }, does),
        formula && h("div", { class: "formula" }, math(formula)),
        h("p", {}, change),
      ),
    );
  }
}
