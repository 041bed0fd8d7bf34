import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { needCommand } from '../../test/tools/findCommand.ts';
import { makeScratch } from '../../test/tools/scratch.ts';
import { startService, waitFor } from '../../test/tools/service.ts';

export interface NginxLimits {
  /** `client_max_body_size`, as nginx writes it; `0` for none. */
  readonly bodyLimit: string;
  /** `proxy_read_timeout`: how long the server may be silent after it was sent a request. */
  readonly timeoutSeconds: number;
}

export interface Nginx {
  /** `127.0.0.1:port`. */
  readonly host: string;
  stop(): Promise<void>;
}

/** nginx before a plain http server (`host:port`), with its defaults for all that is not named. */
export async function startNginx(server: string, limits: NginxLimits): Promise<Nginx> {
  const program = needCommand('nginx', 'nginx-light');
  const scratch = await makeScratch('nginx');
  const host = `127.0.0.1:${await freePort()}`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await Promise.all(temporary.map((name) => mkdir(join(scratch.path, name))));
  const configFile = join(scratch.path, 'nginx.conf');
  await writeFile(
    configFile,
    `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${scratch.path}/pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${scratch.path}/${name};`).join('\n  ')}
  server {
    listen ${host};
    client_max_body_size ${limits.bodyLimit};
    location / {
      proxy_pass http://${server};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_read_timeout ${limits.timeoutSeconds}s;
    }
  }
}
`,
  );
  const service = startService(program, ['-c', configFile, '-p', scratch.path], {
    logFile: join(scratch.path, 'log'),
    folders: [scratch.path],
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    await scratch.remove();
  };
  try {
    await waitFor('nginx', service, async () => ((await answers(host)) ? true : undefined));
    return { host, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answers(host: string): Promise<boolean> {
  return fetch(`http://${host}/v2/`).then(
    () => true,
    () => false,
  );
}

/** nginx cannot be asked which port it was given, so it is told one that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
