// node validate_requests.cjs FILE FOLDER KINDS: checks every recorded request (recorder.cjs) against the
// vendors' types (FOLDER/Chat.json, Responses.json, Messages.json, Ollama.json). Exits 1 when one breaks
// them, or when there are fewer than KINDS kinds of request.
const fs = require('fs');
const path = require('path');
const [file, place, kinds] = process.argv.slice(2);
const folder = path.resolve(place);
const load = (name) => require(path.join(folder, 'node_modules', name));
const Ajv = load('ajv').default;
const ajv = new Ajv({allErrors: false, strict: false, logger: false});
load('ajv-formats').default(ajv);
const schemas = {
  '/v1/chat/completions': 'Chat', '/v1/responses': 'Responses', '/v1/messages': 'Messages',
  '/api/chat': 'Ollama'};
const checks = new Map(Object.entries(schemas).map(
    ([route, name]) => [route, ajv.compile(require(path.join(folder, `${name}.json`)))]));
const counts = {};
let bad = 0;
for (const line of fs.readFileSync(file, 'utf8').trim().split('\n')) {
  const entry = JSON.parse(line);
  const check = checks.get(entry.path);
  if (!check) continue;
  counts[entry.path] = (counts[entry.path] || 0) + 1;
  if (check(JSON.parse(entry.body))) continue;
  bad += 1;
  const why = check.errors.slice(0, 4).map((e) => `${e.instancePath} ${e.message}`).join(' | ');
  if (bad <= 10) console.log(`${entry.path}: ${why}\n  ${entry.body.slice(0, 600)}`);
}
const total = Object.values(counts).reduce((a, b) => a + b, 0);
console.log(`${total} requests, ${bad} violations`, counts);
process.exit(bad > 0 || Object.keys(counts).length < Number(kinds) ? 1 : 0);
