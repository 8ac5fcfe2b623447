/** CartPole: the dynamics of `gradum.games.cartpole`, and how it looks. */

import { degrees, line, place, scene, straight, svg } from "./drawing.js";

const [GRAVITY, POLE, TOTAL, HALF_LENGTH, FORCE, SECONDS] = [9.8, 0.1, 1.1, 0.5, 10, 0.02],
  FARTHEST = 2.4,
  STEEPEST = (12 * Math.PI) / 180,
  [METRE, FLOOR] = [110, 225];

/** @type {import("./games.js").Game} */
export const cartpole = {
  pace: 1 / SECONDS,
  draws: 4,
  reset: (uniform) => uniform.map((share) => (share - 0.5) * 0.1),
  step: ([position, velocity, angle, turning], action) => {
    const force = action === 1 ? FORCE : -FORCE,
      [sine, cosine] = [Math.sin(angle), Math.cos(angle)],
      push = (force + POLE * HALF_LENGTH * turning ** 2 * sine) / TOTAL,
      turn = (GRAVITY * sine - cosine * push) / (HALF_LENGTH * (4 / 3 - (POLE * cosine ** 2) / TOTAL)),
      drive = push - (POLE * HALF_LENGTH * turn * cosine) / TOTAL,
      state = [
        position + SECONDS * velocity,
        velocity + SECONDS * drive,
        angle + SECONDS * turning,
        turning + SECONDS * turn,
      ];
    return { state, reward: 1, ended: Math.abs(state[0]) > FARTHEST || Math.abs(state[2]) > STEEPEST };
  },
  observe: (state) => state,
  pushed: ([position, velocity, angle, turning], way) => [position, velocity, angle, turning + 0.5 * way],
  picture: (stage) => {
    const pole = line("rod", 0, 0, 0, -METRE * 2 * HALF_LENGTH),
      push = svg("path", { class: "force" }),
      hub = svg("circle", { class: "joint", r: 5, cy: -30 }),
      limits = [-1, 1].map((way) => line("mark", 0, 0, way * 130 * Math.sin(STEEPEST), -130 * Math.cos(STEEPEST))),
      raised = svg("g", { transform: "translate(0 -30)" }, ...limits, pole),
      cart = svg("g", {}, svg("rect", { class: "body", x: -32, y: -30, width: 64, height: 26, rx: 4 }), raised, hub, push);
    for (const x of [-16, 16]) cart.append(svg("circle", { class: "wheel", cx: x, cy: 0, r: 7 }));
    const ends = [-1, 1].map((way) => line("end", 300 + way * METRE * FARTHEST, FLOOR - 34, 300 + way * METRE * FARTHEST, FLOOR + 8));
    scene(stage).append(line("ground", 10, FLOOR + 8, 590, FLOOR + 8), ...ends, cart);
    return ([position, , angle], action) => {
      place(cart, 300 + METRE * position, FLOOR);
      pole.setAttribute("transform", `rotate(${degrees(angle).toFixed(2)})`);
      const way = action === 1 ? 1 : -1;
      push.setAttribute("d", straight(34 * way));
      push.setAttribute("transform", `translate(${way * 38} -17)`);
    };
  },
};
