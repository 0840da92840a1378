// node recorder.cjs TARGET FILE: passes requests on to TARGET and appends each to FILE as a line of
// JSON, exactly as it came (the mock's own journal holds them translated). Prints its port.
const fs = require('fs');
const http = require('http');
const [target, file] = process.argv.slice(2);
const server = http.createServer((request, reply) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    fs.appendFileSync(file, JSON.stringify({path: request.url, body: body.toString()}) + '\n');
    const onward = http.request(target + request.url,
        {method: request.method, headers: request.headers, agent: false}, (answer) => {
          reply.writeHead(answer.statusCode, answer.headers);
          reply.flushHeaders();
          answer.on('data', (piece) => reply.write(piece));
          answer.on('end', () => (answer.complete ? reply.end() : reply.destroy()));
          answer.on('error', () => reply.destroy());
        });
    onward.on('error', () => request.socket.destroy());
    onward.end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
