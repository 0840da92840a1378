// node tls_server.cjs KEY CERT h2|h1: answers every request with its protocol and the number of
// connections so far, after 50 ms. Prints its port.
const fs = require('fs');
const http2 = require('http2');
const https = require('https');
const [key, cert, protocol] = process.argv.slice(2);
const options = {key: fs.readFileSync(key), cert: fs.readFileSync(cert)};
let connections = 0;
const answer = (request, reply) => {
  request.resume();
  request.on('end', () => setTimeout(
      () => reply.end(`${request.httpVersion} ${connections}`), 50));
};
const server = protocol === 'h2' ? http2.createSecureServer(options, answer)
                                 : https.createServer(options, answer);
server.on('secureConnection', () => { connections += 1; });
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
