// The handler as Lambda's Node runtime calls it: found by `_HANDLER` in the package directory, with an event and a context.

"use strict";

const https = require("node:https");
const path = require("node:path");

const [file, name] = process.env._HANDLER.split(".");
const handler = require(path.join(process.env.LAMBDA_TASK_ROOT, file))[name];

const context = {
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
};

// The handler takes the host and the path of the ResponseURL, but not its port: CloudFormation's has none.
exports.prepare = (event) => {
  https.globalAgent.defaultPort = Number(new URL(event.ResponseURL).port);
};

exports.call = (event) => handler(event, context);
