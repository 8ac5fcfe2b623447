/** Episodes: one that was recorded, and one that goes on as it is played. */

/** @typedef {import("./games.js").Game} Game */

/**
 * What a policy answers; probabilities for actions that have names.
 * @typedef {{ predict: (rows: Record<string, number>[]) => { prediction: string | number, probability?: Record<string, number> }[] }} Model
 */

/**
 * A recorded episode; each list holds one entry a step, `seen` and `probabilities` one list for each name.
 * @typedef {object} Recording
 * @property {number[][]} seen @property {number[]} actions @property {number[]} rewards @property {number[]} totals
 * @property {number[][] | null} probabilities @property {number[]} uncertainty @property {number} stride
 */

/** @typedef {{ seen: number[], action: number, reward: number, total: number, probabilities: number[] | null }} Step */

/** @param {Recording} recording @param {number} at @returns {Step} */
export function stepOf(recording, at) {
  return {
    seen: recording.seen.map((values) => values[at]),
    action: recording.actions[at],
    reward: recording.rewards[at],
    total: recording.totals[at],
    probabilities: recording.probabilities && recording.probabilities.map((values) => values[at]),
  };
}

/** A game that is played on by a policy, and recorded. */
export class LiveEpisode {
  /**
   * @param {Game} game @param {Model} model @param {string[]} observations @param {string[]} actions
   * @param {number} limit @param {number[]} uniform what the first state is drawn by
   */
  constructor(game, model, observations, actions, limit, uniform) {
    this.game = game;
    this.model = model;
    this.observations = observations;
    this.actions = actions;
    this.limit = limit;
    this.state = game.reset(uniform);
    this.ended = false;
    /** @type {Recording} */
    this.recording = {
      seen: observations.map(() => []),
      actions: [],
      rewards: [],
      totals: [],
      probabilities: actions.length ? actions.map(() => []) : null,
      uncertainty: [],
      stride: 1,
    };
    this.advance();
  }

  /** Push the game to the right, 1, or to the left, −1. @param {number} way */
  push(way) {
    this.state = this.game.pushed(this.state, way);
  }

  /** Let the policy act once. */
  advance() {
    const seen = this.game.observe(this.state),
      row = Object.fromEntries(this.observations.map((name, at) => [name, seen[at]])),
      [{ prediction, probability }] = this.model.predict([row]),
      action = this.actions.length ? this.actions.indexOf(String(prediction)) : Number(prediction),
      { state, reward, ended } = this.game.step(this.state, action),
      { recording } = this,
      before = recording.totals.at(-1) ?? 0;
    recording.seen.forEach((values, at) => values.push(seen[at]));
    recording.actions.push(action);
    recording.rewards.push(reward);
    recording.totals.push(before + reward);
    recording.probabilities?.forEach((values, at) => values.push(probability ? probability[this.actions[at]] : 0));
    recording.uncertainty.push(probability ? 1 - Math.max(...Object.values(probability)) : 0);
    this.state = state;
    this.ended = ended || recording.actions.length >= this.limit;
  }
}
