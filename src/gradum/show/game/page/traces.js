/** Numbers as lines that go through time, with a mark at the step that is shown. */

import { line, svg } from "./drawing.js";

const HEIGHT = 40;

/**
 * Draw a line over all steps; what is returned moves the mark.
 * @param {HTMLElement} place @param {number[]} values @param {number} low @param {number} high
 * @returns {(step: number) => void}
 */
export function trace(place, values, low, high) {
  const last = Math.max(values.length - 1, 1),
    share = (/** @type {number} */ value) => (high > low ? (value - low) / (high - low) : 0.5),
    points = values.map((value, step) => `${step} ${(HEIGHT - 2 - share(value) * (HEIGHT - 4)).toFixed(2)}`),
    mark = line("now", 0, 0, 0, HEIGHT);
  const course = svg("path", { class: "course", d: `M${points.join("L")}` });
  const view = { viewBox: `0 0 ${last} ${HEIGHT}`, preserveAspectRatio: "none", class: "trace", "aria-hidden": "true" };
  place.append(svg("svg", view, course, mark));
  return (step) => mark.setAttribute("transform", `translate(${step} 0)`);
}

/**
 * Draw each of the observations as a line, for games that have no picture.
 * @param {HTMLElement} stage @param {string[]} names @param {number[][]} seen a list of all steps for each
 * @returns {import("./games.js").Draw}
 */
export function traces(stage, names, seen) {
  stage.replaceChildren();
  const moves = names.map((name, at) => {
    const label = document.createElement("small");
    label.textContent = name;
    stage.append(label);
    return trace(stage, seen[at], Math.min(...seen[at]), Math.max(...seen[at]));
  });
  return (_seen, _action, step) => moves.forEach((move) => move(step));
}
