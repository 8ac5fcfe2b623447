/** Episodes that the reader plays step by step: a stage, a slider over the steps, and the step's numbers. */

import { LiveEpisode, stepOf } from "./episode.js";
import { games } from "./games.js";
import { trace, traces } from "./traces.js";

/** @typedef {import("./episode.js").Recording} Recording */
/** @typedef {import("./episode.js").Model} Model */

/**
 * What the page knows. `game` is null where the dynamics are not in the page; words have their values' places.
 * @typedef {object} Played
 * @property {string | null} game @property {string[]} observations @property {string[]} actions
 * @property {string[]} taken The actions whose probabilities are recorded.
 * @property {[number, number]} bounds @property {number} limit @property {number} mostUncertain
 * @property {Recording[]} recordings @property {Record<string, string>} words
 */

const PACE = 20; // steps in a second, of games without dynamics here
const LIVE = "live";

/** @param {string} name @returns {any} */
const found = (name) => document.getElementById(`player-${name}`);

/** @param {string} tag @param {string} text @param {string} name @returns {any} */
function made(tag, text = "", name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = name;
  return element;
}

export class Player {
  /** @param {Played} played @param {Model | null} model */
  constructor(played, model) {
    this.played = played;
    this.model = model;
    this.game = played.game === null ? null : games[played.game];
    this.at = 0;
    this.playing = false;
    this.language = document.documentElement.lang;
    this.shares = new Intl.NumberFormat(this.language, { style: "percent", maximumFractionDigits: 1, minimumFractionDigits: 1 });
    this.stage = found("stage");
    /** @type {LiveEpisode | null} */
    this.live = null;
    this.recording = played.recordings[0];
    for (const choice of document.querySelectorAll('input[name="episode"]')) {
      choice.addEventListener("change", () => this.choose(/** @type {HTMLInputElement} */ (choice).value));
    }
    found("play").addEventListener("click", () => this.play(!this.playing));
    found("back").addEventListener("click", () => this.go(this.at - 1));
    found("on").addEventListener("click", () => this.go(this.at + 1));
    found("slider").addEventListener("input", () => this.go(Number(found("slider").value)));
    for (const [name, way] of /** @type {[string, number][]} */ ([["left", -1], ["right", 1]])) {
      found(name).addEventListener("click", () => this.push(way));
    }
    this.stage.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.press(event));
    this.choose("0");
  }

  /** Show another episode, from its first step. @param {string} which */
  choose(which) {
    this.play(false);
    this.live = null;
    if (which === LIVE && this.game && this.model) {
      const { observations, actions, limit } = this.played,
        uniform = Array.from({ length: this.game.draws }, () => Math.random());
      this.live = new LiveEpisode(this.game, this.model, observations, actions, limit, uniform);
    }
    this.recording = this.live ? this.live.recording : this.played.recordings[Number(which)];
    found("pushes").hidden = !this.live;
    const { observations } = this.played,
      { uncertainty } = this.recording,
      hasCourse = !this.live && uncertainty.length > 0,
      slider = found("slider");
    found("unsure").hidden = !hasCourse;
    this.draw = this.game ? this.game.picture(this.stage) : traces(this.stage, observations, this.recording.seen);
    found("course").replaceChildren();
    this.mark = hasCourse ? trace(found("course"), uncertainty, 0, this.played.mostUncertain) : () => {};
    slider.max = String(this.last);
    this.fill();
    this.go(0);
  }

  get last() {
    return this.recording.actions.length - 1;
  }

  /** Make the table of a step's numbers. */
  fill() {
    const { observations, taken, words, actions } = this.played,
      table = found("numbers");
    table.replaceChildren();
    /** @param {string} title @param {string[]} names @param {boolean} bars @returns {any[][]} */
    const rows = (title, names, bars) => {
      const head = table.insertRow();
      const cell = made("th", title);
      cell.colSpan = 3;
      cell.scope = "colgroup";
      head.append(cell);
      return names.map((name) => {
        const row = table.insertRow(),
          [value, bar] = [made("td", "", "n"), made("i")],
          last = made("td", "", "bar");
        if (bars) last.append(bar);
        row.append(made("td", name, "name"), value, last);
        return [row, value, bar];
      });
    };
    this.seenCells = rows(words.seen, observations, false);
    this.actionCells = rows(words.does, actions.length ? taken : [words.action], true);
    this.sumCells = rows(words.earns, [words.reward, words.total], false);
  }

  /** @param {number} value */
  number(value) {
    const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 3;
    return value.toFixed(digits).replace("-", "−");
  }

  /** A reward or a return, which often are whole. @param {number} value */
  sum(value) {
    return Number.isInteger(value) ? String(value).replace("-", "−") : this.number(value);
  }

  /** Show a step. @param {number} to */
  go(to) {
    while (this.live && !this.live.ended && to > this.last) this.live.advance();
    this.at = Math.max(0, Math.min(this.last, to));
    const step = stepOf(this.recording, this.at),
      { words, actions, taken, bounds } = this.played,
      { stride } = this.recording,
      slider = found("slider"),
      over = this.live ? this.live.ended && this.at === this.last : false;
    slider.max = String(this.last);
    slider.value = String(this.at);
    const [number, all] = [this.at * stride + 1, this.last * stride + 1];
    const said = (over ? words.ended : this.live ? words.so : words.step)
      .replace("{step}", String(number))
      .replace("{steps}", String(all))
      .replace("{total}", this.sum(step.total));
    found("step").textContent = said;
    slider.setAttribute("aria-valuetext", said);
    this.draw?.(step.seen, step.action, this.at);
    this.mark?.(this.at);
    this.seenCells?.forEach(([, value], at) => (value.textContent = this.number(step.seen[at])));
    this.actionCells?.forEach(([row, value, bar], at) => {
      const share = step.probabilities ? step.probabilities[at] : (step.action - bounds[0]) / (bounds[1] - bounds[0]);
      value.textContent = step.probabilities ? this.shares.format(share) : this.number(step.action);
      const start = step.probabilities ? 0 : Math.min(share, 0.5), // a number's bar begins in the middle
        length = step.probabilities ? share : Math.abs(share - 0.5);
      bar.style.marginLeft = `${(100 * start).toFixed(1)}%`;
      bar.style.width = `${(100 * length).toFixed(1)}%`;
      row.classList.toggle("chosen", !actions.length || taken[at] === actions[step.action]);
    });
    this.sumCells?.forEach(([, value], at) => (value.textContent = this.sum(at ? step.total : step.reward)));
    if (this.playing && this.at === this.last && (!this.live || this.live.ended)) this.play(false);
  }

  /** Begin to play, or stop. @param {boolean} playing */
  play(playing) {
    const isOver = this.at === this.last && (!this.live || this.live.ended);
    if (playing && isOver) {
      if (this.live) this.choose(LIVE);
      else this.go(0);
    }
    this.playing = playing;
    const { words } = this.played;
    found("play").textContent = playing ? words.pause : words.play;
    if (!playing) return;
    let before = performance.now(),
      owed = 0;
    const turn = (/** @type {number} */ now) => {
      if (!this.playing) return;
      owed += (Math.min(now - before, 250) / 1000) * (this.game?.pace ?? PACE) * Number(found("speed").value);
      before = now;
      const steps = Math.floor(owed / this.recording.stride);
      owed -= steps * this.recording.stride;
      if (steps > 0) this.go(this.at + steps);
      if (this.playing) requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  }

  /** Push the game that goes on, at its newest step. @param {number} way */
  push(way) {
    if (!this.live || this.live.ended) return;
    this.live.push(way);
    this.go(this.last + 1);
    if (!this.playing) this.play(true);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way && this.live) this.push(way);
    else if (way) this.go(this.at + way);
    else if (event.key === "Home") this.go(0);
    else if (event.key === "End") this.go(this.last);
    else if (event.key === " ") this.play(!this.playing);
    else return;
    event.preventDefault();
  }
}
