// node make_replies.cjs FOLDER scripted|aimock: the replies of FOLDER/script.json, with {"$file": path}
// and {"$artifact": name} filled in, as a script for `--model scripted:FILE` or as fixtures for aimock.
const fs = require('fs');
const path = require('path');
const [folder, form] = process.argv.slice(2);
const load = (name) => JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'));
const script = load('script.json');
const artifacts = load('artifacts.json');
const filled = (value) => {
  if (Array.isArray(value)) return value.map(filled);
  if (value === null || typeof value !== 'object') return value;
  if (value.$file) return fs.readFileSync(path.join(folder, value.$file), 'utf8');
  if (value.$artifact) return artifacts[value.$artifact];
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner)]));
};
const replies = script.replies.map((reply) => ({
  stage: reply.stage, task: reply.task || reply.stage, round: String(reply.round || 1),
  turn: reply.turn || 1, calls: filled(reply.calls)}));
const scripted = {replies: replies.map((reply) => ({
  at: `${reply.stage}#${reply.round}/${reply.task}/turn:${reply.turn}`, calls: reply.calls,
  tokens: {input: 1000, output: 200}}))};
const aimock = {fixtures: replies.map((reply, index) => ({
  match: {
    userMessage: `Stage ${reply.stage}, task ${reply.task}, round ` +
        (reply.round === '*' ? '' : `${reply.round}.`),
    turnIndex: reply.turn - 1},
  response: {toolCalls: reply.calls.map((call, at) => (
    {id: `call_${index}_${at}`, name: call.tool, arguments: call.arguments}))}}))};
console.log(JSON.stringify(form === 'aimock' ? aimock : scripted, null, 1));
