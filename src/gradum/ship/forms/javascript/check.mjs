/**
 * Answers raw columns by a module of a model: a line of JSON on standard input asks for a module's
 * answers, and a line on standard output gives them. Numbers are arrays in base64.
 */
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const TYPES = { Float64Array: "<f8", Float32Array: "<f4", Int32Array: "<i4", Uint8Array: "bool" };

for await (const line of createInterface({ input: process.stdin })) {
  const { module, columns } = JSON.parse(line);
  const { model } = await import(pathToFileURL(module));
  const raw = columns.map(({ numbers, texts }) => texts ?? numbersOf(numbers));
  const answers = Object.entries(model.compute(raw)).map(([name, data]) => [name, written(data)]);
  console.log(JSON.stringify(Object.fromEntries(answers)));
}

function numbersOf(base64) {
  const { buffer, byteOffset, byteLength } = Buffer.from(base64, "base64");
  return new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

function written(data) {
  if (Array.isArray(data)) return { type: "O", texts: data };
  const numbers = Buffer.from(data.buffer).toString("base64");
  return { type: TYPES[data.constructor.name], numbers };
}
