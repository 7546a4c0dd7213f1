// As much of Lambda's Node runtime as a handler needs: ask the runtime API for an event, call, tell how it ended, ask again.
// AWS's own client of that API (aws-lambda-ric) compiles native code when it is installed, and does more; so a start is
// a little shorter here than there.

"use strict";

const http = require("node:http");

const { call, prepare } = require("./function.js");

const agent = new http.Agent({ keepAlive: true });
const invocation = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

function ask(method, url, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent }, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(pieces).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function main() {
  for (;;) {
    const next = await ask("GET", `${invocation}/next`);
    const event = JSON.parse(next.body);
    const address = `${invocation}/${next.headers["lambda-runtime-aws-request-id"]}`;
    prepare(event);
    try {
      await ask("POST", `${address}/response`, JSON.stringify((await call(event)) ?? null));
    } catch (error) {
      await ask("POST", `${address}/error`, JSON.stringify({ errorMessage: String(error) }));
    }
  }
}

main();
