/** MountainCar: the dynamics of `gradum.games.mountaincar`, and how it looks. */

import { degrees, line, place, scene, straight, svg } from "./drawing.js";

const [LOWEST, HIGHEST, GOAL] = [-1.2, 0.6, 0.5],
  [FASTEST, FORCE, GRAVITY] = [0.07, 0.001, 0.0025];

/** @param {number} position */
const across = (position) => 390 + 300 * position;
/** @param {number} position */
const down = (position) => 170 - 90 * Math.sin(3 * position);

/** @param {number} value @param {number} low @param {number} high */
const held = (value, low, high) => Math.max(low, Math.min(high, value));

/** @type {import("./games.js").Game} */
export const mountaincar = {
  pace: 30,
  draws: 1,
  reset: ([share]) => [0.2 * share - 0.6, 0],
  step: ([position, velocity], action) => {
    const faster = held(velocity + (action - 1) * FORCE - Math.cos(3 * position) * GRAVITY, -FASTEST, FASTEST),
      moved = held(position + faster, LOWEST, HIGHEST),
      after = moved === LOWEST && faster < 0 ? 0 : faster;
    return { state: [moved, after], reward: -1, ended: moved >= GOAL && after >= 0 };
  },
  observe: (state) => state,
  pushed: ([position, velocity], way) => [position, held(velocity + 0.01 * way, -FASTEST, FASTEST)],
  picture: (stage) => {
    const places = Array.from({ length: 91 }, (_, at) => LOWEST + (at / 90) * (HIGHEST - LOWEST)),
      hill = places.map((at) => `${across(at).toFixed(1)} ${down(at).toFixed(1)}`).join("L"),
      force = svg("path", { class: "force" }),
      [flag, ground] = [across(GOAL), down(GOAL)],
      car = svg("g", {}, svg("rect", { class: "body", x: -20, y: -24, width: 40, height: 16, rx: 5 }), force);
    for (const x of [-11, 11]) car.append(svg("circle", { class: "wheel", cx: x, cy: -6, r: 6 }));
    scene(stage).append(
      svg("path", { class: "ground hill", d: `M${hill}` }),
      line("end", flag, ground, flag, ground - 50),
      svg("path", { class: "tip", d: `M${flag} ${ground - 50}l26 9l-26 9z` }),
      car,
    );
    return ([position], action) => {
      place(car, across(position), down(position), degrees(Math.atan(-0.9 * Math.cos(3 * position))));
      force.setAttribute("d", straight((action - 1) * 30));
      force.setAttribute("transform", `translate(${(action - 1) * 24} -16)`);
    };
  },
};
