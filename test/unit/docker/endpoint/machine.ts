import { createHash } from 'node:crypto';
import type { HostEnvironment, SocketState } from '../../../../src/core/docker/endpoint/hostEnvironment.ts';

export interface Description {
  readonly env?: Record<string, string>;
  readonly platform?: NodeJS.Platform;
  readonly uid?: number;
  readonly files?: Record<string, string | Buffer | Error>;
  readonly sockets?: Record<string, SocketState>;
  /** Symbolic links and what they lead to. */
  readonly links?: Record<string, string>;
}

/** A machine that has what is described, and nothing else. */
export function machine(description: Description = {}): HostEnvironment {
  const { env = {}, platform = 'linux', uid, files = {}, sockets = {}, links = {} } = description;
  const paths = [...Object.keys(files), ...Object.keys(sockets), ...Object.keys(links)];
  return {
    env,
    platform,
    home: { win32: 'C:\\Users\\ada', darwin: '/Users/ada' }[platform as string] ?? '/home/ada',
    uid,
    readFile: (path) => {
      const content = files[path];
      if (content instanceof Error) return Promise.reject(content);
      return Promise.resolve(content === undefined ? undefined : Buffer.from(content));
    },
    listFolder: (folder) => {
      const start = folder.endsWith('/') ? folder : `${folder}/`;
      const below = paths.filter((path) => path.startsWith(start)).map((path) => path.slice(start.length));
      return Promise.resolve([...new Set(below.map((path) => path.split('/')[0] ?? ''))]);
    },
    realPath: (path) => Promise.resolve(links[path] ?? (paths.includes(path) ? path : undefined)),
    probe: (path) => Promise.resolve(sockets[path] ?? 'missing'),
  };
}

/** The files of docker's command line for a current context. */
export function contextFiles(
  name: string,
  docker: object,
  folder = '/home/ada/.docker',
  metadata: object = {},
): Record<string, string> {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = { Name: name, Metadata: metadata, Endpoints: { docker } };
  return {
    [`${folder}/config.json`]: JSON.stringify({ currentContext: name }),
    [`${folder}/contexts/meta/${id}/meta.json`]: JSON.stringify(meta),
  };
}
