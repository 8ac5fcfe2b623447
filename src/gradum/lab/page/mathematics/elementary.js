/**
 * Elementary functions from additions, multiplications, divisions and roots alone.
 *
 * IEEE 754 rounds these in one way, so the same numbers give the same bits in every browser, which
 * Math.exp and its neighbours do not promise. exp, expm1, log, log1p and tanh follow fdlibm:
 *
 * Copyright (C) 1993-2004 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a
 * Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is
 * freely granted, provided that this notice is preserved.
 */

const LN2_HIGH = 6.9314718036912381649e-1,
  LN2_LOW = 1.90821492927058770002e-10;
const INVERSE_LN2 = 1.442695040888963387,
  HALF_LN2 = 0.34657359027997264;
const LARGEST = 709.782712893383973096,
  LEAST = -745.13321910194110842;

const bits = new DataView(new ArrayBuffer(8));

/** @param {number} x @returns {number} The upper 32 bits. */
function high(x) {
  bits.setFloat64(0, x);
  return bits.getInt32(0);
}

/**
 * Return x·2ᵏ for results that are normal numbers.
 * @param {number} x @param {number} k
 */
function scaled(x, k) {
  bits.setFloat64(0, x);
  bits.setInt32(0, bits.getInt32(0) + (k << 20));
  return bits.getFloat64(0);
}

/** @param {number} x @returns {number} eˣ */
export function exp(x) {
  if (x !== x) return x;
  if (x > LARGEST) return Infinity;
  if (x < LEAST) return 0;
  const size = x < 0 ? -x : x;
  if (size < 3.7252902984619140625e-9) return 1 + x;
  let k = 0,
    above = 0,
    below = 0;
  if (size > HALF_LN2) {
    if (size < 1.0397207708399179) k = x < 0 ? -1 : 1;
    else k = Math.trunc(INVERSE_LN2 * x + (x < 0 ? -0.5 : 0.5));
    above = x - k * LN2_HIGH;
    below = k * LN2_LOW;
    x = above - below;
  }
  const t = x * x;
  const c =
    x -
    t *
      (1.66666666666666019037e-1 +
        t *
          (-2.77777777770155933842e-3 +
            t * (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))));
  if (k === 0) return 1 - ((x * c) / (c - 2) - x);
  const y = 1 - (below - (x * c) / (2 - c) - above);
  if (k === 1024) return scaled(y, 1023) * 2;
  return k >= -1021 ? scaled(y, k) : scaled(y, k + 1000) * 9.3326361850321887899e-302;
}

/** @param {number} x @returns {number} eˣ − 1, also where x is tiny. */
export function expm1(x) {
  if (x !== x) return x;
  if (x > LARGEST) return Infinity;
  if (x < -39) return -1;
  const size = x < 0 ? -x : x;
  if (size < 5.551115123125783e-17) return x;
  let k = 0,
    c = 0;
  if (size > HALF_LN2) {
    if (size < 1.0397207708399179) k = x < 0 ? -1 : 1;
    else k = Math.trunc(INVERSE_LN2 * x + (x < 0 ? -0.5 : 0.5));
    const above = x - k * LN2_HIGH,
      below = k * LN2_LOW;
    x = above - below;
    c = above - x - below;
  }
  const half = 0.5 * x,
    square = x * half;
  const r =
    1 +
    square *
      (-3.33333333333331316428e-2 +
        square *
          (1.58730158725481460165e-3 +
            square *
              (-7.93650757867487942473e-5 +
                square * (4.00821782732936239552e-6 + square * -2.01099218183624371326e-7))));
  const t = 3 - r * half;
  let e = square * ((r - t) / (6 - x * t));
  if (k === 0) return x - (x * e - square);
  e = x * (e - c) - c - square;
  if (k === -1) return 0.5 * (x - e) - 0.5;
  if (k === 1) return x < -0.25 ? -2 * (e - (x + 0.5)) : 1 + 2 * (x - e);
  if (k <= -2 || k > 56) {
    const y = 1 - (e - x);
    return (k === 1024 ? scaled(y, 1023) * 2 : scaled(y, k)) - 1;
  }
  const power = scaled(1, -k);
  return k < 20 ? scaled(1 - power - (e - x), k) : scaled(x - (e + power) + 1, k);
}

/** @param {number} x @returns {number} The natural logarithm. */
export function log(x) {
  if (x !== x || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  let k = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984;
    k = -54;
  }
  let top = high(x);
  k += (top >> 20) - 1023;
  top &= 0x000fffff;
  const shift = (top + 0x95f64) & 0x100000;
  bits.setFloat64(0, x);
  bits.setInt32(0, top | (shift ^ 0x3ff00000));
  k += shift >> 20;
  const f = bits.getFloat64(0) - 1;
  return k * LN2_HIGH - (logarithm(f, k * LN2_LOW) - f);
}

/** @param {number} x @returns {number} log(1 + x), also where x is tiny. */
export function log1p(x) {
  if (x < -0.29289321881345254 || x > 0.41421356237309515 || x !== x) {
    const u = 1 + x;
    if (!(u > 0) || u === Infinity) return log(u);
    // What the sum lost, first order: log(u + c) is about log(u) + c/u.
    const lost = u >= 2 ? 1 - (u - x) : x - (u - 1);
    return log(u) + lost / u;
  }
  return x === 0 ? x : x - logarithm(x, 0);
}

/**
 * Return f − log(1 + f) − low for f near 0.
 * @param {number} f @param {number} low
 */
function logarithm(f, low) {
  const half = 0.5 * f * f,
    s = f / (2 + f),
    z = s * s;
  const r =
    z *
    (6.66666666666673513e-1 +
      z *
        (3.999999999940941908e-1 +
          z *
            (2.857142874366239149e-1 +
              z *
                (2.222219843214978396e-1 +
                  z * (1.818357216161805012e-1 + z * (1.531383769920937332e-1 + z * 1.479819860511658591e-1))))));
  return half - (s * (half + r) + low);
}

/** @param {number} x */
export function tanh(x) {
  if (x !== x) return x;
  const size = x < 0 ? -x : x;
  let z;
  if (size >= 22) z = 1;
  else if (size < 2.7755575615628914e-17) return x;
  else if (size >= 1) z = 1 - 2 / (expm1(2 * size) + 2);
  else {
    const t = expm1(-2 * size);
    z = -t / (t + 2);
  }
  return x < 0 ? -z : z;
}

/** @param {number} x @returns {number} 1 / (1 + e⁻ˣ), to the last digits on both sides. */
export function logistic(x) {
  if (x >= 0) return 1 / (1 + exp(-x));
  const e = exp(x);
  return e / (1 + e);
}

/** @param {number} x @returns {number} log(1 + eˣ) */
export function softplus(x) {
  return (x > 0 ? x : 0) + log1p(exp(x > 0 ? -x : x));
}

/**
 * Return Φ(x), the share of a standard normal distribution below x.
 *
 * φ(x)·(x + x³/3 + x⁵/(3·5) + …) is what lies between 0 and x: all of its terms have one sign.
 * G. Marsaglia, Evaluating the normal distribution, Journal of Statistical Software 11, 2004.
 * @param {number} x
 */
export function normalShare(x) {
  if (x !== x) return x;
  if (x < -9) return 0;
  if (x > 9) return 1;
  let term = x,
    sum = x;
  for (let odd = 3; sum + term !== sum; odd += 2) sum += term *= (x * x) / odd;
  return 0.5 + sum * normalDensity(x);
}

/** @param {number} x @returns {number} e^(−x²/2) / √(2π) */
export function normalDensity(x) {
  return 0.3989422804014327 * exp((-x * x) / 2);
}
