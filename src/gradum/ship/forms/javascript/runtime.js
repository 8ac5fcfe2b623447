/**
 * A model of gradum, computed in plain JavaScript: raw values of rows in, answers out.
 *
 * A model is a list of operations on arrays, from raw columns to answers, in the terms of NumPy and
 * in its precision. This file computes them. It needs no other, opens no connection and makes no
 * code of texts, so a page with the strictest Content-Security-Policy may hold it. It is a part of
 * gradum and licensed under Apache-2.0; a model that follows it is not.
 *
 * Shapes: a length of -k stands for k times the number of rows. Arrays are in C order.
 */

/** @typedef {Float64Array | Float32Array | Int32Array | Uint8Array} Numbers */
/** @typedef {any} Data  Numbers, or an Array of texts. */
/** @typedef {{data: Data, shape: number[]}} Value */
/** @typedef {() => void} Step  Computes a value from those before it. */
/** @typedef {(out: Value, taken: Value[]) => Step | void} Operation  Lays a step out once. */
/** @typedef {"float64" | "float32" | "int64" | "int32" | "bool" | "object"} Type */
/**
 * Operation, places of what it takes, type, shape, settings.
 * @typedef {[string, number[], Type, number[], any]} Node
 */
/**
 * A column: a moment is a text that may name its zone.
 * @typedef {object} Input
 * @property {string} name
 * @property {"number" | "text" | "moment"} type
 * @property {number} node
 * @property {string[]} missing  Texts that mean no number, or no date.
 */
/**
 * @typedef {object} Model
 * @property {object} [about]  What is known of it besides.
 * @property {Input[]} inputs
 * @property {string[]} [others]  Other columns of the table that it learned from, which rows may have.
 * @property {{answer: string, node: number}[]} outputs
 * @property {(string | number | boolean)[]} classes
 * @property {Node[]} nodes
 */
/**
 * @typedef {object} Answer
 * @property {string | number | boolean} prediction
 * @property {Record<string, number>} [probability]  By class.
 * @property {number[]} [logits]  What they come from; of two classes, one.
 * @property {number} [low]
 * @property {number} [high]
 * @property {(string | number | boolean)[]} [set]
 */

const MISSING = "(missing)";
const BLOCK = 32; // rows that are computed together, few enough for a processor's cache
const BLANK = /\p{White_Space}/u;
const LARGEST = 3.4028234663852886e38; // of float32, in which the model computes
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const MOMENT =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[ T](\d\d?):(\d\d)(?::(\d\d)(?:\.\d{1,6})?)?(?:Z| UTC|[+-]\d\d(?::?\d\d)?)?)?$/;
const ZONED = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d| UTC)$/;

/** Whole numbers of 64 bits are exact as float64 up to 2^53. @type {Record<Type, any>} */
const ARRAYS = {
  float64: Float64Array,
  float32: Float32Array,
  int64: Float64Array,
  int32: Int32Array,
  bool: Uint8Array,
  object: Array,
};

/**
 * Make a model ready.
 *
 * `predict` answers rows, each an object of values by column: null, undefined and NaN are missing.
 * `compute` answers raw columns, one array for each input: numbers with NaN, or texts with
 * "(missing)"; it returns the numbers or texts of each answer, row after row.
 *
 * A row names every input and no other column than `others`. With `allowMissing`, one that it lacks
 * is missing; with `allowOthers`, others are ignored.
 *
 * @param {Model} model
 */
export function load(model) {
  const { about, inputs, others = [], outputs, classes, nodes } = model;
  const names = inputs.map(({ name }) => name);
  const known = new Set([...names, ...others]);
  const operations = nodes.map(([name, , type, , settings]) => OPERATIONS[name](settings, type));
  /** @type {Map<number, {values: Value[], steps: Step[]}>} */
  const plans = new Map();

  /** @param {number} rows */
  function planOf(rows) {
    let plan = plans.get(rows);
    if (plan === undefined) {
      if (plans.size > 4) plans.clear();
      plans.set(rows, (plan = planned(nodes, operations, rows)));
    }
    return plan;
  }

  /** @param {Data[]} columns @param {number} rows @returns {Record<string, Data>} */
  function compute(columns, rows = columns[0].length) {
    /** @type {Record<string, Data>} */
    const answers = {};
    for (const { answer, node } of outputs) {
      answers[answer] = new ARRAYS[nodes[node][2]](rows * count(nodes[node][3].slice(1)));
    }
    for (let start = 0; start < rows; start += BLOCK) {
      const size = Math.min(BLOCK, rows - start);
      const { values, steps } = planOf(size);
      inputs.forEach(({ node }, place) => {
        const { data } = values[node];
        for (let row = 0; row < size; row++) data[row] = columns[place][start + row];
      });
      for (const step of steps) step();
      for (const { answer, node } of outputs) {
        const { data } = values[node];
        const first = (start * data.length) / size;
        const answered = answers[answer];
        for (let place = 0; place < data.length; place++) answered[first + place] = data[place];
      }
    }
    return answers;
  }

  /**
   * @param {Record<string, any>[]} rows
   * @param {{allowMissing?: boolean, allowOthers?: boolean}} [allowed]
   * @returns {Answer[]}
   */
  function predict(rows, { allowMissing = false, allowOthers = false } = {}) {
    if (!allowOthers) rows.forEach((row, place) => refuseOthers(row, place, names, known));
    const columns = inputs.map((input) =>
      rows.map((row, place) => read(input, row, place, allowMissing)),
    );
    const { prediction, probability, logits, low, high, set } = compute(columns, rows.length);
    const truths = classes.every((name) => typeof name === "boolean") && classes.length > 0;
    return rows.map((_, row) => {
      /** @type {Answer} */
      const answer = { prediction: truths ? prediction[row] === 1 : prediction[row] };
      const first = row * classes.length;
      if (probability) {
        /** @type {Record<string, number>} */
        const byClass = Object.create(null); // a class may have any name
        classes.forEach((name, k) => (byClass[String(name)] = probability[first + k]));
        answer.probability = byClass;
        const width = logits.length / rows.length;
        answer.logits = Array.from(logits.subarray(row * width, (row + 1) * width));
      }
      if (low) Object.assign(answer, { low: low[row], high: high[row] });
      if (set) answer.set = classes.filter((_, k) => set[first + k]);
      return answer;
    });
  }

  return { about, inputs, classes, predict, compute };
}

/**
 * Lay out every array and every step for a number of rows, to be used again and again.
 *
 * @param {Node[]} nodes @param {Operation[]} operations @param {number} rows
 */
function planned(nodes, operations, rows) {
  /** @type {Value[]} */
  const values = [];
  /** @type {Step[]} */
  const steps = [];
  nodes.forEach(([, parents, type, lengths], place) => {
    const shape = lengths.map((length) => (length < 0 ? -length * rows : length));
    const out = { data: new ARRAYS[type](count(shape)), shape };
    const step = operations[place](out, parents.map((parent) => values[parent]));
    if (step) steps.push(step);
    values.push(out);
  });
  return { values, steps };
}

/**
 * Refuse a name that the model does not know, and say which one it may be meant for.
 *
 * @param {Record<string, any>} row @param {number} place
 * @param {string[]} names @param {Set<string>} known
 */
function refuseOthers(row, place, names, known) {
  const other = Object.keys(row).find((name) => !known.has(name));
  if (other === undefined) return;
  const absent = names.filter((name) => !Object.hasOwn(row, name));
  const near = nearest(other, absent) ?? nearest(other, names);
  const cause = `Row ${place + 1} has ${JSON.stringify(other)}, which the model does not know`;
  const remedy = near === undefined ? "leave it out" : `did you mean ${JSON.stringify(near)}?`;
  throw new TypeError(`${cause}: ${remedy}`);
}

/** The name most like another, if a third of its signs or fewer differ. @param {string} other @param {string[]} names */
function nearest(other, names) {
  const from = folded(other);
  const most = Math.max(1, from.length / 3);
  return names
    .map((name) => ({ name, changes: changesOf(from, folded(name)) }))
    .filter(({ changes }) => changes <= most)
    .sort((one, two) => one.changes - two.changes)[0]?.name;
}

/** @param {string} name */
function folded(name) {
  return name.toLowerCase().replace(/[\s_.-]/g, "");
}

/** How many signs are changed, added or left out between two texts. @param {string} from @param {string} to */
function changesOf(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, place) => place);
  [...from].forEach((sign, place) => {
    const next = [place + 1];
    for (let k = 0; k < to.length; k++) {
      next.push(Math.min(next[k] + 1, row[k + 1] + 1, row[k] + Number(sign !== to[k])));
    }
    row = next;
  });
  return row[to.length];
}

/** @param {Input} input @param {Record<string, any>} row @param {number} place @param {boolean} allowMissing */
function read({ name, type, missing }, row, place, allowMissing) {
  if (!Object.hasOwn(row, name) && !allowMissing) {
    const lacking = `Row ${place + 1} lacks column ${JSON.stringify(name)}`;
    throw new TypeError(`${lacking}: give null if it is missing.`);
  }
  let value = Object.hasOwn(row, name) ? row[name] : null;
  if (typeof value === "string") value = stripped(value);
  if (type === "moment") {
    if (missing.includes(value)) return MISSING;
    value = momentOf(value);
  }
  if (value instanceof Date) value = Number.isNaN(+value) ? null : value.toISOString().slice(0, 23);
  if (value === null || value === undefined || Number.isNaN(value)) {
    return type === "number" ? NaN : MISSING;
  }
  if (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol") {
    if (type === "text" || (type === "moment" && isMoment(value))) return String(value);
    if (type === "number" && missing.includes(value)) return NaN;
    const number = typeof value !== "string" || NUMBER.test(value) ? Number(value) : NaN;
    if (type === "number" && Math.abs(number) <= LARGEST) return number;
  }
  const wrong = `column ${JSON.stringify(name)} takes a ${type}, not ${JSON.stringify(value)}`;
  throw new TypeError(`Row ${place + 1}: ${wrong}.`);
}

/** Whether a text is a date of the calendar as the model reads it. @param {any} text */
function isMoment(text) {
  const [year, month, day, hour, minute, second] = (MOMENT.exec(text) ?? []).slice(1, 7).map(Number);
  const inYear = year >= 1000 && year <= 2999 && month >= 1 && month <= 12;
  const inMonth = day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  return inYear && inMonth && !(hour >= 24 || minute >= 60 || second >= 60);
}

/** A text without blanks around, by Unicode's White_Space. @param {string} text */
function stripped(text) {
  let first = 0;
  let end = text.length;
  while (first < end && BLANK.test(text[first])) first++;
  while (first < end && BLANK.test(text[end - 1])) end--;
  return text.slice(first, end);
}

/** A text that names its zone as a Date. @param {any} value */
function momentOf(value) {
  const [, day, clock, zone] = (typeof value === "string" && ZONED.exec(value)) || [];
  return zone ? new Date(`${day}T${clock}${zone === " UTC" ? "Z" : zone}`) : value;
}

// Shapes and places.

/** @param {number[]} shape */
function count(shape) {
  return shape.reduce((total, length) => total * length, 1);
}

/** How far apart neighbours along each axis are; 0 where there is one. @param {number[]} shape */
function stridesOf(shape) {
  const strides = shape.map(() => 0);
  for (let axis = shape.length - 1, size = 1; axis >= 0; size *= shape[axis--]) {
    if (shape[axis] !== 1) strides[axis] = size;
  }
  return strides;
}

/** Strides of an array that is broadcast to more axes. @param {Value} value @param {number} axes */
function stridesTo({ shape }, axes) {
  return stridesOf([...Array(axes - shape.length).fill(1), ...shape]);
}

/** Where each entry of a shape is. @param {number[]} shape @param {number[]} strides */
function placesOf(shape, strides, start = 0) {
  const places = new Int32Array(count(shape)).fill(start, 0, 1);
  let filled = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    for (let i = 1; i < shape[axis]; i++) {
      for (let j = 0; j < filled; j++) places[i * filled + j] = places[j] + i * strides[axis];
    }
    filled *= shape[axis];
  }
  return places;
}

/** What lies before, along and behind an axis. @param {number[]} shape @param {number} axis */
function around(shape, axis) {
  return [count(shape.slice(0, axis)), shape[axis], count(shape.slice(axis + 1))];
}

/**
 * How arrays are read that are broadcast to a shape: in runs of a length, which begin at `starts`,
 * and along which an array moves by 1 or stays.
 *
 * @param {number[]} shape @param {Value[]} taken
 */
function runsOf(shape, taken) {
  const strides = taken.map((value) => stridesTo(value, shape.length));
  let moves = taken.map(() => 0);
  let length = 1;
  let axes = shape.length;
  for (; axes > 0; axes--) {
    if (shape[axes - 1] === 1) continue;
    const own = strides.map((stride) => (stride[axes - 1] ? 1 : 0));
    if (length > 1 && own.some((move, k) => move !== moves[k])) break;
    if (length === 1) moves = own;
    length *= shape[axes - 1];
  }
  const starts = strides.map((stride) => placesOf(shape.slice(0, axes), stride));
  return { starts, moves, length };
}

// Operations on each entry.

/** @param {(x: any) => any} f @returns {Operation} */
function unary(f) {
  return (out, [x]) => {
    const { starts, moves, length } = runsOf(out.shape, [x]);
    return () => fill1(f, out.data, x.data, starts[0], moves[0], length);
  };
}

/** @param {(x: any, y: any) => any} f @returns {Operation} */
function binary(f) {
  return (out, [x, y]) => {
    const { starts, moves, length } = runsOf(out.shape, [x, y]);
    const [xs, ys] = starts;
    const [dx, dy] = moves;
    return () => fill2(f, out.data, x.data, y.data, xs, ys, dx, dy, length);
  };
}

/** @type {Operation} */
function where(out, [condition, x, y]) {
  const { starts, moves, length } = runsOf(out.shape, [condition, x, y]);
  return () => {
    let at = 0;
    for (let run = 0; run < starts[0].length; run++) {
      let c = starts[0][run];
      let i = starts[1][run];
      let j = starts[2][run];
      for (const end = at + length; at < end; at++, c += moves[0], i += moves[1], j += moves[2]) {
        out.data[at] = condition.data[c] ? x.data[i] : y.data[j];
      }
    }
  };
}

/**
 * @param {(x: any) => any} f @param {Data} out @param {Data} x
 * @param {Int32Array} starts @param {number} move @param {number} length
 */
function fill1(f, out, x, starts, move, length) {
  let at = 0;
  for (let run = 0; run < starts.length; run++) {
    for (let i = starts[run], end = at + length; at < end; at++, i += move) out[at] = f(x[i]);
  }
}

/**
 * @param {(x: any, y: any) => any} f @param {Data} out @param {Data} x @param {Data} y
 * @param {Int32Array} xs @param {Int32Array} ys @param {number} dx @param {number} dy
 * @param {number} length
 */
function fill2(f, out, x, y, xs, ys, dx, dy, length) {
  let at = 0;
  for (let run = 0; run < xs.length; run++) {
    for (let i = xs[run], j = ys[run], end = at + length; at < end; at++, i += dx, j += dy) {
      out[at] = f(x[i], y[j]);
    }
  }
}

/** NaN if one is. @param {number} x @param {number} y */
function larger(x, y) {
  return x > y || x !== x ? x : y;
}

/** NaN if one is. @param {number} x @param {number} y */
function smaller(x, y) {
  return x < y || x !== x ? x : y;
}

/** To the nearest whole number, halves to an even one. @param {number} x */
function rint(x) {
  const shift = 1.5 * 2 ** 52; // beyond it, neighbours are 1 apart
  return Math.abs(x) < 2 ** 51 ? x + shift - shift : x;
}

/**
 * 2 x / sqrt(pi) e^(-x^2) times the sum of (2 x^2)^n / (1 3 ... (2 n + 1)), all terms positive.
 *
 * @param {number} x
 */
function erf(x) {
  if (!(Math.abs(x) < 6)) return x !== x ? x : Math.sign(x); // 1 - erf(6) is 2e-17
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * 1e-17; n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * x * Math.exp(-x * x) * sum;
}

// Operations along an axis.

/** @param {(total: number, x: number) => number} f @param {number} initial */
function reduced(f, initial) {
  /** @param {{axis: number}} settings @returns {Operation} */
  return ({ axis }) => (out, [x]) => {
    const [before, length, behind] = around(x.shape, axis);
    return () => {
      for (let at = 0; at < before * behind; at++) {
        let place = Math.floor(at / behind) * length * behind + (at % behind);
        let total = initial;
        for (let i = 0; i < length; i++, place += behind) total = f(total, x.data[place]);
        out.data[at] = total;
      }
    };
  };
}

/**
 * The first place of the largest; NaN counts as such.
 *
 * @param {{axis: number}} settings @returns {Operation}
 */
function argmax({ axis }) {
  return (out, [x]) => {
    const [before, length, behind] = around(x.shape, axis);
    return () => {
      for (let at = 0; at < before * behind; at++) {
        const first = Math.floor(at / behind) * length * behind + (at % behind);
        let best = 0;
        for (let i = 1; i < length; i++) {
          const found = x.data[first + i * behind];
          const most = x.data[first + best * behind];
          if (found > most || (found !== found && most === most)) best = i;
        }
        out.data[at] = best;
      }
    };
  };
}

/** NaN last. @param {{axis: number}} settings @returns {Operation} */
function sort({ axis }) {
  return (out, [x]) => {
    const [before, length, behind] = around(x.shape, axis);
    const line = x.data.slice(0, length);
    return () => {
      for (let at = 0; at < before * behind; at++) {
        const first = Math.floor(at / behind) * length * behind + (at % behind);
        for (let i = 0; i < length; i++) line[i] = x.data[first + i * behind];
        line.sort();
        for (let i = 0; i < length; i++) out.data[first + i * behind] = line[i];
      }
    };
  };
}

/** @param {{axis: number}} settings @returns {Operation} */
function concatenate({ axis }) {
  return (out, taken) => {
    const parts = taken.map(({ data, shape }) => ({ data, width: count(shape.slice(axis)) }));
    const before = count(out.shape.slice(0, axis));
    return () => {
      let at = 0;
      for (let line = 0; line < before; line++) {
        for (const { data, width } of parts) {
          for (let i = line * width; i < (line + 1) * width; i++) out.data[at++] = data[i];
        }
      }
    };
  };
}

/** @param {{axis: number}} settings @returns {Operation} */
function take({ axis }) {
  return (out, [x, places]) => {
    const [before, length, behind] = around(x.shape, axis);
    return () => {
      let at = 0;
      for (let line = 0; line < before; line++) {
        for (let chosen = 0; chosen < places.data.length; chosen++) {
          const place = places.data[chosen];
          let from = (line * length + (place < 0 ? place + length : place)) * behind;
          for (let i = 0; i < behind; i++) out.data[at++] = x.data[from++];
        }
      }
    };
  };
}

/** @param {Value} out @param {Value} x @param {Int32Array} places @returns {Step} */
function copied(out, x, places) {
  return () => {
    for (let at = 0; at < places.length; at++) out.data[at] = x.data[places[at]];
  };
}

/**
 * Products with matrices that are written turned, so that both are read along lines.
 *
 * @type {Operation}
 */
function matmul(out, [a, b]) {
  const batch = out.shape.slice(0, -2);
  const [rows, width] = out.shape.slice(-2);
  const depth = a.shape[a.shape.length - 1];
  const axes = out.shape.length;
  const [lefts, rights] = [a, b].map((value) => placesOf(batch, stridesTo(value, axes)));
  return () => {
    for (let member = 0; member < lefts.length; member++) {
      const first = member * rows * width;
      const pairs = rows - (rows % 2);
      const left = lefts[member];
      const right = rights[member];
      multiplyPairs(out.data, first, a.data, left, b.data, right, pairs, depth, width);
      if (pairs < rows) {
        const last = first + pairs * width;
        multiplyRow(out.data, last, a.data, left + pairs * depth, b.data, right, depth, width);
      }
    }
  };
}

/**
 * Sum the products of a row (depth) and four columns at once; the last four may overlap.
 *
 * @param {Data} out @param {number} first @param {Data} a @param {number} left
 * @param {Data} b @param {number} right @param {number} depth @param {number} width
 */
function multiplyRow(out, first, a, left, b, right, depth, width) {
  for (let c0 = 0; c0 < width; c0 += 4) {
    const c1 = Math.min(c0 + 1, width - 1);
    const c2 = Math.min(c0 + 2, width - 1);
    const c3 = Math.min(c0 + 3, width - 1);
    const b0 = right + c0 * depth;
    const b1 = right + c1 * depth;
    const b2 = right + c2 * depth;
    const b3 = right + c3 * depth;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let k = 0; k < depth; k++) {
      const x = a[left + k];
      s0 += x * b[b0 + k];
      s1 += x * b[b1 + k];
      s2 += x * b[b2 + k];
      s3 += x * b[b3 + k];
    }
    out[first + c0] = s0;
    out[first + c1] = s1;
    out[first + c2] = s2;
    out[first + c3] = s3;
  }
}

/**
 * The same for an even number of rows, two at once.
 *
 * @param {Data} out @param {number} first @param {Data} a @param {number} left
 * @param {Data} b @param {number} right @param {number} rows
 * @param {number} depth @param {number} width
 */
function multiplyPairs(out, first, a, left, b, right, rows, depth, width) {
  for (let c0 = 0; c0 < width; c0 += 4) {
    const c1 = Math.min(c0 + 1, width - 1);
    const c2 = Math.min(c0 + 2, width - 1);
    const c3 = Math.min(c0 + 3, width - 1);
    const b0 = right + c0 * depth;
    const b1 = right + c1 * depth;
    const b2 = right + c2 * depth;
    const b3 = right + c3 * depth;
    for (let row = 0; row < rows; row += 2) {
      const upper = left + row * depth;
      const lower = upper + depth;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let t0 = 0;
      let t1 = 0;
      let t2 = 0;
      let t3 = 0;
      for (let k = 0; k < depth; k++) {
        const x = a[upper + k];
        const y = a[lower + k];
        const w0 = b[b0 + k];
        const w1 = b[b1 + k];
        const w2 = b[b2 + k];
        const w3 = b[b3 + k];
        s0 += x * w0;
        s1 += x * w1;
        s2 += x * w2;
        s3 += x * w3;
        t0 += y * w0;
        t1 += y * w1;
        t2 += y * w2;
        t3 += y * w3;
      }
      const above = first + row * width;
      out[above + c0] = s0;
      out[above + c1] = s1;
      out[above + c2] = s2;
      out[above + c3] = s3;
      const below = above + width;
      out[below + c0] = t0;
      out[below + c1] = t1;
      out[below + c2] = t2;
      out[below + c3] = t3;
    }
  }
}

/** @param {string} base64 @param {Type} type */
function decoded(base64, type) {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place++) bytes[place] = letters.charCodeAt(place);
  if (type === "int64") return Float64Array.from(new BigInt64Array(bytes.buffer), Number);
  return new ARRAYS[type](bytes.buffer);
}

/** @param {string[]} keys @param {number[]} values @returns {Map<string, any>} */
function tableOf(keys, values) {
  return new Map(keys.map((key, place) => [key, values[place]]));
}

/**
 * Every operation, by its name in NumPy: its settings, then what it computes.
 *
 * @type {Record<string, (settings: any, type: Type) => Operation>}
 */
export const OPERATIONS = {
  input: () => () => {},
  constant: ({ numbers, texts }, type) => {
    const data = texts ?? decoded(numbers, type);
    return (out) => void (out.data = data);
  },
  reshape: () => (out, [x]) => void (out.data = x.data),
  zeros: () => () => {},
  cast: (_, type) =>
    unary(type === "bool" ? (x) => x !== 0 : type.startsWith("int") ? Math.trunc : Number),
  where: () => where,
  expand: () => unary((x) => x),
  transpose: ({ axes }) => (out, [x]) => {
    const strides = stridesOf(x.shape);
    const turned = axes.map((/** @type {number} */ axis) => strides[axis]);
    return copied(out, x, placesOf(out.shape, turned));
  },
  slice: ({ axis, start }) => (out, [x]) => {
    const strides = stridesOf(x.shape);
    return copied(out, x, placesOf(out.shape, strides, start * strides[axis]));
  },
  concatenate,
  take,
  sum: reduced((total, x) => total + x, 0),
  max: reduced(larger, -Infinity),
  min: reduced(smaller, Infinity),
  argmax,
  sort,
  matmul: () => matmul,
  add: () => binary((x, y) => x + y),
  subtract: () => binary((x, y) => x - y),
  multiply: () => binary((x, y) => x * y),
  divide: () => binary((x, y) => x / y),
  maximum: () => binary(larger),
  minimum: () => binary(smaller),
  negative: () => unary((x) => -x),
  absolute: () => unary(Math.abs),
  exp: () => unary(Math.exp),
  log: () => unary(Math.log),
  sqrt: () => unary(Math.sqrt),
  tanh: () => unary(Math.tanh),
  sin: () => unary(Math.sin),
  cos: () => unary(Math.cos),
  rint: () => unary(rint),
  floor: () => unary(Math.floor),
  isnan: () => unary((x) => x !== x),
  isinf: () => unary((x) => Math.abs(x) === Infinity),
  expit: () => unary((x) => 1 / (1 + Math.exp(-x))),
  erf: () => unary(erf),
  equal: () => binary((x, y) => x === y),
  less: () => binary((x, y) => x < y),
  less_equal: () => binary((x, y) => x <= y),
  greater: () => binary((x, y) => x > y),
  greater_equal: () => binary((x, y) => x >= y),
  logical_not: () => unary((x) => !x),
  logical_and: () => binary((x, y) => x && y),
  logical_or: () => binary((x, y) => x || y),
  look_up: ({ keys, values, default: other }) => {
    const table = tableOf(keys, values);
    return unary((text) => table.get(text) ?? other);
  },
  look_up_folded: ({ letters, become, keys, values }) => {
    const folded = tableOf(letters, become);
    const table = tableOf(keys, values);
    return unary((text) => {
      const key = Array.from(text, (letter) => folded.get(letter) ?? letter).join("");
      return table.get(key) ?? 0;
    });
  },
  join: () => binary((text, more) => text + more),
  tokens: ({ pattern, joint, longest, padding, ngrams }) => (out, [texts]) => {
    const token = new RegExp(pattern, "gu");
    const places = tableOf(ngrams, [...ngrams.keys()]);
    return () => {
      out.data.fill(0);
      texts.data.forEach((/** @type {string} */ text, /** @type {number} */ row) => {
        const first = row * (ngrams.length + 1);
        const tokens = `${padding}${text.toLowerCase()}${padding}`.match(token) ?? [];
        out.data[first] = tokens.length;
        tokens.forEach((_, k) => {
          for (let end = k + 1; end <= Math.min(k + longest, tokens.length); end += 1) {
            const place = places.get(tokens.slice(k, end).join(joint));
            if (place !== undefined) out.data[first + 1 + place] += 1;
          }
        });
      });
    };
  },
  split: ({ separator, place }) =>
    unary((text) => (separator ? text.split(separator) : text.trim().split(/\s+/u))[place] ?? ""),
  matches: ({ pattern }) => {
    const whole = new RegExp(`^(?:${pattern})$`, "u");
    return unary((text) => whole.test(text));
  },
};
