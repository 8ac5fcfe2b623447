/** What the network answers: a map of two columns with the rows on it, or the curve over a single one. */

import { classColour, colour, diverging, mixed, parts, picture } from "./colours.js";
import { add, h, sharp } from "./dom.js";
import { LabElement } from "./element.js";
import { axes, dot, line } from "./plots.js";
import { scaled, targetScale } from "./table.js";
import { say } from "./words.js";

/** @typedef {import("./lab.js").Lab} Lab */
/** @typedef {import("./watching.js").View} View */

const HEIGHT = 250;

export class LabBoundary extends LabElement {
  /** @param {Lab} lab */
  draw(lab) {
    this.picture = new Answers(lab, HEIGHT);
    const classes = lab.table.target.classes;
    this.legend = h(
      "p",
      { class: "quiet legend" },
      classes.map((name, at) => {
        const mark = h("span", { class: "mark" });
        mark.style.background = classColour(at);
        return h("span", {}, mark, name);
      }),
      h("span", {}, "○ ", say("held out")),
      (this.supposed = h("span", { class: "supposed", hidden: true }, say("your line"))),
    );
    add(this, h("h2", {}, this.picture.title), this.picture.canvas, this.legend);
  }

  follow() {
    this.picture?.show(this.lab.present, this.clientWidth);
    if (this.supposed) this.supposed.hidden = !this.lab.supposed;
  }
}

/** The picture of what a run answers; a click on a row shows its numbers. */
export class Answers {
  /** @type {HTMLCanvasElement | null} */
  layer = null; // the rows, drawn once
  /** @type {{place: number, x: number, y: number, row: number[]}[]} */
  dots = [];

  /** @param {Lab} lab @param {number} height */
  constructor(lab, height) {
    this.lab = lab;
    this.height = height;
    this.loss = lab.state.loss;
    this.title = lab.table.target.classes.length
      ? say("Decision boundary")
      : lab.inputs.length > 1
        ? say("Prediction over two columns")
        : say("Fitted curve");
    this.canvas = h("canvas", { role: "img", "aria-label": `${this.title}: ${lab.table.target.name}` });
    this.canvas.addEventListener("click", (/** @type {MouseEvent} */ event) => this.pick(event));
  }

  /** @param {import("./run.js").Run} run @param {number} width */
  show({ view, state }, width) {
    if (!view || !width) return;
    this.loss = state.loss;
    const context = sharp(this.canvas, width, this.height);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${this.height}px`;
    if (view.widths[0] === 1) this.curve(context, view, width);
    else this.map(context, view, width);
  }

  /** @param {CanvasRenderingContext2D} context @param {View} view @param {number} width */
  map(context, view, width) {
    const { lab } = this,
      { state, table, inputs } = lab,
      { low, high, border } = view.maps,
      [across, up] = [inputs[state.across], inputs[state.up]];
    /** @param {import("./table.js").Input} input @param {number} value */
    const raw = (input, value) => (input.level ? value : input.centre + input.scale * value);
    const frame = axes(context, width, this.height, {
      x: [raw(across, low[0]), raw(across, high[0])],
      y: [raw(up, low[1]), raw(up, high[1])],
      across: across.name,
      up: up.name,
    });
    const image = this.colours(border);
    context.drawImage(image, frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
    this.rows(context, view, width, this.tones(), (row) => [
      frame.x(raw(across, scaled(across, row))),
      frame.y(raw(up, scaled(up, row))),
    ]);
  }

  /**
   * Draw the rows, which stay as they are while training goes on.
   * @param {CanvasRenderingContext2D} context @param {View} view @param {number} width @param {(row: number[]) => string} tone @param {(row: number[]) => number[]} placeOf
   */
  rows(context, view, width, tone, placeOf) {
    if (!this.layer || this.layer.width !== context.canvas.width) {
      const { table } = this.lab,
        held = new Set(table.held_out),
        layer = (this.layer = document.createElement("canvas")),
        own = sharp(layer, width, this.height);
      this.dots = table.rows.map((row, place) => ({ place, x: placeOf(row)[0], y: placeOf(row)[1], row }));
      for (const { place, x, y, row } of this.dots) dot(own, x, y, tone(row), held.has(place), false);
    }
    context.drawImage(this.layer, 0, 0, width, this.height);
    const { x, y, row, place } = this.dots[view.row.place];
    dot(context, x, y, tone(row), this.lab.table.held_out.includes(place), true);
  }

  /** The picture behind the rows. @param {Float32Array[]} logits */
  colours(logits) {
    const size = Math.sqrt(logits[0].length);
    const { table } = this.lab,
      { classes } = table.target,
      paper = parts(colour("--paper"));
    if (!classes.length) {
      const tone = diverging();
      return picture(size, (at) => tone(logits[0][at] / 2));
    }
    const tones = classes.map((_, at) => parts(classColour(at)));
    return picture(size, (at) => {
      const odds = logits.length === 1 ? [0, logits[0][at]] : logits.map((values) => values[at]);
      const best = odds.indexOf(Math.max(...odds)),
        powers = odds.map((odd) => Math.exp(odd - odds[best]));
      const share = 1 / powers.reduce((sum, each) => sum + each, 0),
        least = 1 / odds.length;
      const weight = 0.12 + 0.5 * Math.max(0, (share - least) / (1 - least));
      return mixed(paper, tones[best], weight);
    });
  }

  /** @returns {(row: number[]) => string} */
  tones() {
    const { table } = this.lab,
      { classes } = table.target;
    if (classes.length) return (row) => classColour(row[row.length - 1]);
    const { centre, scale } = targetScale(table, this.loss),
      tone = diverging();
    return (row) =>
      `rgb(${tone(Math.max(-1, Math.min(1, (row[row.length - 1] - centre) / scale / 2)))
        .map(Math.round)
        .join()})`;
  }

  /** @param {CanvasRenderingContext2D} context @param {View} view @param {number} width */
  curve(context, view, width) {
    const { lab } = this,
      { table } = lab,
      [input] = lab.inputs,
      { centre, scale } = targetScale(table, this.loss);
    const raw = (/** @type {number} */ value) => (input.level ? value : input.centre + input.scale * value),
      { places, outputs } = view.points;
    const targets = table.rows.map((row) => row[row.length - 1]),
      low = Math.min(...targets),
      high = Math.max(...targets),
      margin = 0.15 * (high - low);
    const frame = axes(context, width, this.height, {
      x: [raw(places[0]), raw(places[places.length - 1])],
      y: [low - margin, high + margin],
      across: input.name,
      up: table.target.name,
    });
    this.rows(
      context,
      view,
      width,
      () => colour("--second"),
      (row) => [frame.x(raw(scaled(input, row))), frame.y(row[row.length - 1])],
    );
    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
    context.clip();
    context.strokeStyle = colour("--first");
    context.lineWidth = 2.5;
    const reached = outputs.map((value) => (Number.isFinite(value) ? value : 0));
    line(
      context,
      places.map((place, at) => [frame.x(raw(place)), frame.y(centre + scale * reached[at])]),
    );
    if (lab.supposed) {
      const [w, b] = lab.supposed;
      context.strokeStyle = colour("--third");
      context.setLineDash([7, 4]);
      line(
        context,
        [places[0], places[places.length - 1]].map((place) => [frame.x(raw(place)), frame.y(w * raw(place) + b)]),
      );
    }
    context.restore();
  }

  /** Show the numbers of the row that was clicked on. @param {MouseEvent} event */
  pick(event) {
    const box = this.canvas.getBoundingClientRect(),
      x = event.clientX - box.left,
      y = event.clientY - box.top;
    let nearest = 14,
      found = -1;
    for (const each of this.dots) {
      const distance = Math.hypot(each.x - x, each.y - y);
      if (distance < nearest) [nearest, found] = [distance, each.place];
    }
    if (found < 0) return;
    this.lab.selection = { kind: "row", level: -1, unit: 0, from: 0 };
    this.lab.change({ row: found });
  }
}
