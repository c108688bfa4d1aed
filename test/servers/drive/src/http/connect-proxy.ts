/** A CONNECT proxy that leads every connection, whatever its name, to the local TLS server: unchanged clients need no more. */
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';

export function createConnectProxy(tlsPort: () => number): Server {
  const proxy = createServer((_request, response) => {
    response.writeHead(405, { 'Content-Type': 'text/plain' }).end('Only CONNECT is proxied.\n');
  });
  proxy.on('connect', (_request, client, head) => {
    const upstream = connect(tlsPort(), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  return proxy;
}
