/** The network: weights as lines, each unit's answer as a map over the two chosen columns. */

import { colour, mapOf } from "./colours.js";
import { add, h, sharp } from "./dom.js";
import { LabElement } from "./element.js";
import { figure } from "./numbers.js";
import { MOST_LAYERS, MOST_SHOWN, MOST_UNITS } from "./state.js";
import { drawnInputs } from "./strengths.js";
import { say, sentences } from "./words.js";

/** @typedef {import("./lab.js").Lab} Lab */
/** @typedef {import("./watching.js").View} View */
/** @typedef {{level: number, unit: number, x: number, y: number}} Place */

const BUTTON = 24; // pixels, of a button that adds or takes away a unit
const BACKWARD = ["delta", "gradient", "update"];

export class LabNetwork extends LabElement {
  laid = "";
  /** @type {Place[]} */
  places = [];
  /** @type {number[]} */
  drawn = [];
  /** @type {import("./table.js").Table | null} */
  table = null;

  /** @param {Lab} lab */
  draw(lab) {
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.board = h("div", { class: "board" }, this.canvas);
    this.board.style.height = `${this.height ?? 0}px`; // so that nothing below it jumps
    if (this.table !== lab.table) this.drawn = drawnInputs(lab.table, MOST_SHOWN);
    this.table = lab.table;
    this.board.addEventListener("click", (/** @type {MouseEvent} */ event) => this.pick(event));
    this.note = h("p", { class: "quiet" });
    this.laid = "";
    add(
      this,
      h("div", { class: "network-head" }, h("h2", {}, say("Network")), lab.offers("hidden") && this.layers(lab)),
      this.fewer(lab),
      this.board,
      h(
        "p",
        { class: "quiet key" },
        h("span", { class: "above" }, say("above 0")),
        h("span", { class: "below" }, say("below 0")),
        say("A line is a weight: the thicker, the larger. A click on an input switches it off or on; one on a unit or a line shows its formula."),
      ),
      this.note,
    );
  }

  /** Says which inputs are not drawn. @param {Lab} lab */
  fewer({ inputs }) {
    const { drawn } = this,
      others = inputs.filter((_, at) => !drawn.includes(at)).map(({ name }) => name);
    return (
      others.length > 0 &&
      h(
        "p",
        { class: "quiet", title: others.join(say(", ")) },
        say("{drawn} of {inputs} inputs are drawn, the strongest by themselves; all of them train. Not drawn: {names}", {
          drawn: drawn.length,
          inputs: inputs.length,
          names: others.slice(0, 3).join(say(", ")) + (others.length > 3 ? " …" : ""),
        }),
      )
    );
  }

  /** Buttons that add a hidden layer or take one away. @param {Lab} lab */
  layers(lab) {
    const { hidden } = lab.state;
    return h(
      "div",
      { class: "layers", role: "group", "aria-label": say("Hidden layers") },
      say("Hidden layers"),
      this.button("less-layers", "−", say("One hidden layer less"), hidden.length > 0 && hidden.slice(0, -1)),
      h("b", {}, hidden.length),
      this.button(
        "more-layers",
        "+",
        say("One hidden layer more"),
        hidden.length < MOST_LAYERS && [...hidden, hidden[hidden.length - 1] ?? 4],
      ),
    );
  }

  /** A button that changes the hidden layers; without a change, it is there and does nothing. @param {string} id @param {string} sign @param {string} name @param {number[] | false} hidden */
  button(id, sign, name, hidden) {
    return h(
      "button",
      {
        type: "button",
        class: "count",
        id,
        title: name,
        "aria-label": name,
        "aria-disabled": hidden ? null : "true",
        onclick: () => hidden && this.lab.change({ hidden }),
      },
      sign,
    );
  }

  /** @param {View} view */
  follow(view) {
    const { widths } = view,
      width = this.clientWidth || 600,
      key = `${widths.join()} ${this.lab.state.off.join()} ${width}`;
    if (this.laid !== key) this.lay(view, width);
    this.laid = key;
    this.paint(view);
    const more = widths
      .slice(1)
      .map((count, level) =>
        count > MOST_SHOWN
          ? say("Layer {layer} has {count} units; {shown} are drawn.", { layer: level + 1, count, shown: MOST_SHOWN })
          : "",
      );
    const dead = view.dead.map(([level, unit]) => this.lab.nameOf(level, unit));
    const said = dead.length
      ? say("Dead: {units}. Such a unit answers 0 to every row, so no gradient reaches its weights.", {
          units: dead.slice(0, 8).join(say(", ")),
        })
      : "";
    const note = sentences(...more, said);
    if (this.note && this.note.textContent !== note) this.note.textContent = note;
  }

  /** Place the units, each a button. @param {View} view @param {number} width */
  lay({ widths }, width) {
    const offers = this.lab.offers("hidden") && widths.length > 2,
      shown = widths.map((count, at) =>
        at ? Array.from({ length: Math.min(count, MOST_SHOWN) }, (_, unit) => unit) : this.drawn,
      ),
      most = Math.max(...shown.map(({ length }) => length));
    const size = (this.size = Math.max(
        22,
        Math.min(most > 8 ? 28 : width < 500 ? 32 : 40, width / (widths.length * 2.1)),
      )),
      gap = most > 8 ? 6 : width < 500 ? 8 : 14;
    const left = Math.min(110, width * 0.26),
      right = Math.min(76, width * 0.21),
      pitch = (width - left - right - size) / (widths.length - 1),
      head = offers ? (pitch > 2 * BUTTON + 6 ? BUTTON : 2 * BUTTON) + 4 : 0;
    this.height = head + most * (size + gap) + 4;
    const across = (/** @type {number} */ at) => left + at * pitch;
    this.places = shown.flatMap((units, at) =>
      units.map((unit, place) => ({
        level: at - 1,
        unit,
        x: across(at),
        y: head + (most / 2 + place - units.length / 2) * (size + gap) + gap / 2,
      })),
    );
    this.board.style.height = `${this.height}px`;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${this.height}px`;
    for (const old of this.board.querySelectorAll("button, .input, .output")) old.remove();
    if (offers) this.counts(widths, head, (at) => across(at) + size / 2);
    const last = widths.length - 2,
      { off } = this.lab.state;
    for (const { level, unit, x, y } of this.places) {
      const name = this.lab.nameOf(level, unit);
      if (level < 0 || level === last) {
        const label = h("span", { class: level < 0 ? (off.includes(unit) ? "input off" : "input") : "output", title: name }, h("span", {}, name.replaceAll("_", "_\u200b")));
        Object.assign(
          label.style,
          { top: `${y - gap / 2}px`, height: `${size + gap}px` },
          level < 0 ? { width: `${x - 8}px` } : { left: `${x + size + 6}px`, width: `${right - 6}px` },
        );
        this.board.append(label);
      }
      const button = h("button", {
        type: "button",
        class: "unit",
        id: `unit-${level + 1}-${unit}`,
        "aria-label": level < 0 ? say("Input {name}", { name }) : say("Unit {name}", { name }),
        "aria-pressed": level < 0 ? String(!off.includes(unit)) : null,
        title: level < 0 ? say("{name}: switch it off or on", { name }) : name,
      });
      Object.assign(button.style, { left: `${x}px`, top: `${y}px`, width: `${size}px`, height: `${size}px` });
      button.dataset.unit = `${level}.${unit}`;
      button.addEventListener("click", (/** @type {Event} */ event) => {
        event.stopPropagation();
        if (level < 0) this.lab.toggle(unit);
        else this.lab.select({ kind: "unit", level, unit });
      });
      this.board.append(button);
    }
    // A choice that draws the network anew leaves the focus where it was.
    if (this.focused && document.activeElement === document.body)
      document.getElementById(this.focused)?.focus({ preventScroll: true });
  }

  /** Above each hidden layer, buttons that add a unit or take one away. @param {number[]} widths @param {number} head @param {(at: number) => number} middle */
  counts(widths, head, middle) {
    const units = widths.slice(1, -1),
      beside = head < 2 * BUTTON;
    units.forEach((count, level) => {
      const changed = (/** @type {number} */ by) => units.map((each, at) => (at === level ? each + by : each));
      const [less, more] = [
        this.button(`less-units-${level}`, "−", say("One unit less in layer {layer}", { layer: level + 1 }), count > 1 && changed(-1)),
        this.button(`more-units-${level}`, "+", say("One unit more in layer {layer}", { layer: level + 1 }), count < MOST_UNITS && changed(1)),
      ];
      [less, more].forEach((button, at) => {
        const x = middle(level + 1) - (beside ? (1 - at) * (BUTTON + 2) - 1 : BUTTON / 2);
        Object.assign(button.style, { left: `${x}px`, top: `${beside ? 0 : (1 - at) * BUTTON}px` });
        this.board.append(button);
      });
    });
  }

  /** @param {View} view */
  paint(view) {
    const { clientWidth: width } = this,
      { size = 0, height = 0 } = this,
      operation = this.lab.selection.kind === "operation" ? view.operation : null;
    const context = sharp(this.canvas, width, height),
      backward = operation !== null && BACKWARD.includes(operation.kind);
    const flowing = backward ? view.gradient : view.params,
      tones = backward ? ["--third", "--fifth"] : ["--first", "--second"];
    const [above, below] = tones.map(colour),
      most = flowing.map(({ weight }) => weight.reduce((largest, each) => Math.max(largest, Math.abs(each)), 1e-12));
    /** @type {{weight: number, from: Place, to: Place}[]} */
    this.lines = [];
    for (const to of this.places) {
      if (to.level < 0) continue;
      for (const from of this.places) {
        if (from.level !== to.level - 1) continue;
        const weight = flowing[to.level].weight[from.unit * view.widths[to.level + 1] + to.unit];
        this.lines.push({ weight, from, to });
      }
    }
    for (const { weight, from, to } of this.lines) {
      const share = Math.abs(weight) / most[to.level],
        active = this.isActive(view, to, from);
      context.strokeStyle = weight >= 0 ? above : below;
      context.globalAlpha = active ? 1 : 0.15 + 0.65 * share;
      context.lineWidth = (active ? 1.5 : 0.5) + 4 * share;
      context.setLineDash(backward ? [5, 4] : []);
      context.beginPath();
      const [x1, y1, x2, y2] = [from.x + size, from.y + size / 2, to.x, to.y + size / 2],
        middle = (x1 + x2) / 2;
      context.moveTo(x1, y1);
      context.bezierCurveTo(middle, y1, middle, y2, x2, y2);
      context.stroke();
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
    context.imageSmoothingEnabled = true;
    for (const place of this.places) this.paintUnit(context, view, place, size);
  }

  /** @param {CanvasRenderingContext2D} context @param {View} view @param {Place} place @param {number} size */
  paintUnit(context, view, { level, unit, x, y }, size) {
    if (level >= 0) context.drawImage(mapOf(view.maps.units[level][unit]), x, y, size, size);
    else {
      context.fillStyle = colour("--card");
      context.fillRect(x, y, size, size);
      context.fillStyle = colour(this.lab.state.off.includes(unit) ? "--faint" : "--ink");
      context.font = "11px system-ui, sans-serif";
      context.textAlign = "center";
      context.fillText(figure(view.row.inputs[unit], 2), x + size / 2, y + size / 2 + 4, size - 2);
    }
    const active = this.isActive(view, { level, unit, x, y }, null);
    const dead = view.dead.some(([at, other]) => at === level && other === unit);
    context.strokeStyle = active ? colour("--ink") : colour(dead ? "--warn" : "--faint");
    context.lineWidth = active ? 3 : dead ? 2 : 1;
    context.setLineDash(dead ? [3, 3] : []);
    context.strokeRect(x, y, size, size);
    context.setLineDash([]);
  }

  /** Whether a unit, or a line to it, is what the formulas are about. @param {View} view @param {Place} to @param {Place | null} from */
  isActive(view, to, from) {
    const { selection } = this.lab,
      { operation } = view;
    const about = selection.kind === "operation" ? operation : selection;
    if (!about || about.level !== to.level || about.unit !== to.unit) return false;
    return selection.kind !== "weight" || !from || selection.from === from.unit;
  }

  /** Choose the line that was clicked on. @param {MouseEvent} event */
  pick(event) {
    const box = this.canvas.getBoundingClientRect(),
      x = event.clientX - box.left,
      y = event.clientY - box.top,
      size = this.size ?? 0;
    let nearest = 8,
      found = null;
    for (const { from, to } of this.lines ?? []) {
      const [x1, y1, x2, y2] = [from.x + size, from.y + size / 2, to.x, to.y + size / 2],
        t = (x - x1) / (x2 - x1);
      if (t < 0 || t > 1) continue;
      const distance = Math.abs(y - (y1 + (y2 - y1) * t * t * (3 - 2 * t)));
      if (distance < nearest) [nearest, found] = [distance, { from, to }];
    }
    if (found) this.lab.select({ kind: "weight", level: found.to.level, unit: found.to.unit, from: found.from.unit });
  }
}
