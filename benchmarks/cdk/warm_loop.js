// Call the handler with each event that comes in, one a line, and write how many nanoseconds it took to the given file
// descriptor: what the handler logs goes to the standard output.

"use strict";

const fs = require("node:fs");
const readline = require("node:readline");

const { call, prepare } = require("./function.js");

const times = Number(process.argv[2]);

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const event = JSON.parse(line);
    prepare(event);
    const started = process.hrtime.bigint();
    await call(event);
    fs.writeSync(times, `${process.hrtime.bigint() - started}\n`);
  }
}

main();
