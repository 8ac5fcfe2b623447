/** The page: its parts, put together. */

import { LabBoundary } from "./boundary.js";
import { forget } from "./colours.js";
import { LabCompare } from "./compare.js";
import { LabControls } from "./controls.js";
import { LabCurves } from "./curves.js";
import { LabData } from "./data_panel.js";
import { add, h } from "./dom.js";
import { LabFormulas } from "./formula_view.js";
import { Lab } from "./lab.js";
import { LabLesson, LabLessons } from "./lesson_view.js";
import { LabNetwork } from "./network_view.js";
import { LabProgram } from "./program_view.js";
import { LabScores } from "./scores_view.js";
import { LabSurface } from "./surface_view.js";
import { LabToolbar } from "./toolbar.js";
import { languages, learn, say, spoken } from "./words.js";

const ELEMENTS = {
  "lab-lessons": LabLessons,
  "lab-lesson": LabLesson,
  "lab-toolbar": LabToolbar,
  "lab-data": LabData,
  "lab-controls": LabControls,
  "lab-network": LabNetwork,
  "lab-boundary": LabBoundary,
  "lab-curves": LabCurves,
  "lab-scores": LabScores,
  "lab-formulas": LabFormulas,
  "lab-surface": LabSurface,
  "lab-compare": LabCompare,
  "lab-program": LabProgram,
};
/** Where the parts stand when no lesson has them. */
const HOMES = /** @type {Record<string, string[]>} */ ({
  settings: ["controls"],
  choices: ["data"],
  middle: ["network", "formulas", "compare", "program"],
  answers: ["boundary", "curves", "surface", "scores"],
});
const LANGUAGES = /** @type {Record<string, string>} */ ({ en: "English", zh: "简体中文" });
const HIDEABLE = ["lessons", ...HOMES.settings, ...HOMES.middle, ...HOMES.answers];
const CODES = /** @type {Record<string, string>} */ ({ zh: "zh-CN" });

const text = (/** @type {string} */ id) => document.getElementById(id)?.textContent ?? "";

/** The heading, which offers the other language. @param {Lab} lab */
function heading(lab) {
  const others = languages().filter((code) => code !== spoken());
  return h(
    "header",
    {},
    h("h1", {}, say("The lab")),
    h(
      "p",
      { class: "quiet" },
      say("Watch a model learn, one operation at a time. Nothing leaves this page."),
      " ",
      others.map((code) =>
        h(
          "button",
          {
            type: "button",
            class: "link",
            id: `speak-${code}`,
            lang: CODES[code] ?? code,
            onclick: () => lab.change({ lang: code }),
          },
          LANGUAGES[code],
        ),
      ),
    ),
  );
}

function open() {
  const content = JSON.parse(text("content"));
  learn(content.words);
  for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);
  const address = URL.createObjectURL(new Blob([text("worker")], { type: "text/javascript" }));
  const hire = () => {
    const worker = new Worker(address);
    worker.onerror = refuse;
    return worker;
  };
  const refuse = () =>
    main.prepend(
      h(
        "p",
        { class: "alarm", role: "alert" },
        say("This browser does not train: it starts no worker of this page. Open the page in another one."),
      ),
    );
  const lab = new Lab(content, hire);
  const part = Object.fromEntries(Object.keys(ELEMENTS).map((name) => [name, h(name)]));
  let head = heading(lab);
  const homes = Object.entries(HOMES).map(([name, names]) => ({
    home: h("div", { class: name }),
    parts: names.map((each) => part[`lab-${each}`]),
  }));
  const room = h(
    "div",
    { class: "room" },
    homes.map(({ home }) => home),
  );
  const main = h("main", {}, head, part["lab-lessons"], part["lab-toolbar"], part["lab-lesson"], room);
  add(document.body, main);
  part["lab-lesson"].furnish = () => {
    for (const { home, parts } of homes) home.append(...parts);
    room.hidden = lab.lesson !== undefined;
    return part;
  };
  const spell = () => {
    document.documentElement.lang = CODES[spoken()] ?? spoken();
    document.title = `${say("The lab")} – gradum`;
    const anew = heading(lab);
    head.replaceWith(anew);
    head = anew;
  };
  // A teacher may hide whole parts by their names, such as "surface"; the choice of a row stays.
  const shown = () => {
    for (const name of HIDEABLE) part[`lab-${name}`].hidden = lab.state.hide.includes(name);
  };
  lab.addEventListener("state", spell);
  lab.addEventListener("state", shown);
  shown();
  spell();
  for (const each of Object.values(part)) each.join(lab);
  lab.begin();
  addEventListener("resize", () => lab.show());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    forget();
    lab.dispatchEvent(new Event("state"));
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) part["lab-data"].read(file);
  });
  addEventListener("keydown", (event) => {
    const typing =
      event.target instanceof Element &&
      event.target.closest(event.key === " " ? "input, select, button, summary" : "input, select");
    if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) part["lab-toolbar"].key(event);
  });
}

open();
