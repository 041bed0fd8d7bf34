// A company's proxy, on a host of its own: opens tunnels by CONNECT, and prints each.
//
//   node connectProxy.ts ADDRESS PORT '{"gitea.test":"192.0.2.3"}'      the last argument: names that only it resolves
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';

const [address = '', port = '', names = '{}'] = process.argv.slice(2);
const known = new Map(Object.entries(JSON.parse(names) as Record<string, string>));

const server = createServer((request, response) => {
  console.log(`${request.method ?? ''} ${request.url ?? ''}`);
  response.writeHead(405).end();
});
server.on('connect', (request, socket) => {
  console.log(`CONNECT ${request.url ?? ''}`);
  const { hostname, port: to } = new URL(`http://${request.url ?? ''}`);
  const onward = connect(Number(to), known.get(hostname) ?? hostname, () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.pipe(onward).pipe(socket);
  });
  for (const end of [socket, onward]) {
    end.on('error', () => {
      socket.destroy();
      onward.destroy();
    });
  }
});
await once(server.listen(Number(port), address), 'listening');
console.log('ready');
