/**
 * Random numbers from one seed, in named streams: whole-number arithmetic, equal in every browser.
 *
 * The generator is xoshiro128** (D. Blackman and S. Vigna, Scrambled linear pseudorandom number
 * generators, ACM Transactions on Mathematical Software 47, 2021), seeded by splitmix32.
 */

const GOLDEN = 0x9e3779b9; // 2³² over the golden ratio

/** @param {number} word @returns {number} splitmix32's next number. */
function mixed(word) {
  let bits = (word + GOLDEN) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}

/** A stream of random numbers. */
export class Stream {
  /** @param {number} seed @param {...(string | number)} names  The path of the stream. */
  constructor(seed, ...names) {
    let word = mixed(seed >>> 0);
    for (const letter of names.join("/")) word = mixed((word + (letter.codePointAt(0) ?? 0)) >>> 0);
    this.state = Uint32Array.from({ length: 4 }, (_, at) => mixed((word + at * GOLDEN) >>> 0));
  }

  /** @returns {number} 32 random bits. */
  bits() {
    const s = this.state;
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** @returns {number} A number in [0, 1), one of 2⁵³ equally likely ones. */
  uniform() {
    return ((this.bits() >>> 5) * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
  }

  /** @param {number} count  Return 0 … count − 1 in random order (Fisher and Yates). */
  order(count) {
    const places = Int32Array.from({ length: count }, (_, at) => at);
    for (let at = count - 1; at > 0; at--) {
      const other = Math.floor(this.uniform() * (at + 1));
      [places[at], places[other]] = [places[other], places[at]];
    }
    return places;
  }
}
