import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import { systemCode, TeaChestError } from '../../../base/errors.ts';
import type { Environment } from '../proxy.ts';

export interface PemFile {
  readonly path: string;
  readonly pem: string;
}

export interface ClientPair {
  readonly certificate: PemFile;
  readonly key: PemFile;
}

/** The certificates for one registry in the folders of docker and podman. */
export interface FolderContents {
  readonly authorities: readonly PemFile[];
  readonly clientPairs: readonly ClientPair[];
  /** Files that cannot be read, each with the reason. */
  readonly unread: readonly string[];
}

/** `certs.d` of docker (docs: “Verify repository client with certificates”) and of podman (containers-certs.d(5)). */
export function certificateFolders(environment: Environment, home: string = homeOf(environment)): readonly string[] {
  const ofUsers = [
    join('.docker', 'certs.d'),
    join('.config', 'docker', 'certs.d'),
    join('.config', 'containers', 'certs.d'),
  ];
  const ofMachine =
    process.platform === 'win32'
      ? [join(environment['ProgramData'] ?? 'C:\\ProgramData', 'docker', 'certs.d')]
      : ['/etc/docker/certs.d', '/etc/containers/certs.d'];
  return [...ofMachine, ...ofUsers.map((folder) => join(home, folder))];
}

/**
 * Reads the folders of a registry, named by its host and port: `*.crt` are authorities, `name.cert` and `name.key` a
 * client certificate and its key. Throws `argumentInvalid` for half a pair, as docker does.
 */
export async function readCertificateFolders(target: URL, folders: readonly string[]): Promise<FolderContents> {
  const authorities: PemFile[] = [];
  const clientPairs: ClientPair[] = [];
  const unread: string[] = [];
  for (const folder of folders.flatMap((root) => folderNames(target).map((name) => join(root, name)))) {
    const names = await orNote(unread, folder, async () => (await readdir(folder)).sort());
    for (const name of names ?? []) {
      const path = join(folder, name);
      if (name.endsWith('.crt')) {
        const pem = await orNote(unread, path, async () => readFile(path, 'utf8'));
        if (pem !== undefined) authorities.push({ path, pem });
      } else if (name.endsWith('.cert') || name.endsWith('.key')) {
        const otherName = name.replace(/\.(cert|key)$/, (ending) => (ending === '.key' ? '.cert' : '.key'));
        const other = join(folder, otherName);
        if (names?.includes(otherName) !== true) {
          throw unusableFile(
            path,
            l10n.t({
              message: '{0}, which belongs to it, is missing (authorities end in .crt)',
              args: [other],
              comment: 'After a colon, in “The certificate file {path} cannot be used: …”. “it”: the file',
            }),
          );
        }
        if (name.endsWith('.key')) continue;
        const pair = await orNote(unread, path, async () => readPair(path, other));
        if (pair !== undefined) clientPairs.push(pair);
      }
    }
  }
  return { authorities, clientPairs, unread };
}

/** Throws `argumentInvalid`, naming the file. */
export function unusableFile(path: string, why: string, cause?: unknown): TeaChestError {
  return new TeaChestError(
    'argumentInvalid',
    l10n.t({
      message: 'The certificate file {path} cannot be used: {why}.',
      args: { path, why },
      comment: '{why}: such as “it holds no PEM certificate”',
    }),
    {
      facts: { file: path },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

export async function readPem(path: string): Promise<PemFile> {
  try {
    return { path, pem: await readFile(path, 'utf8') };
  } catch (error) {
    throw unusableFile(
      path,
      error instanceof Error
        ? error.message
        : l10n.t({
            message: 'it cannot be read',
            comment: 'After a colon, in “The certificate file {path} cannot be used: …”. “it”: the file',
          }),
      error,
    );
  }
}

async function readPair(certificate: string, key: string): Promise<ClientPair> {
  return {
    certificate: { path: certificate, pem: await readFile(certificate, 'utf8') },
    key: { path: key, pem: await readFile(key, 'utf8') },
  };
}

/** The port is part of the name; the default port may be left out. Windows allows no colon in names. */
function folderNames(target: URL): string[] {
  const names = target.port === '' ? [target.host, `${target.host}:443`] : [target.host];
  return process.platform === 'win32' ? names.map((name) => name.replaceAll(':', '')) : names;
}

/** Undefined if there is no such file, or if it cannot be read: then it is added to `unread`. Files of root are common. */
async function orNote<T>(unread: string[], path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    unread.push(
      l10n.t({
        message: '{0} could not be read ({1})',
        args: [path, code ?? String(error)],
        comment: 'One of a list, in “What is there for this host was not used: …”',
      }),
    );
    return undefined;
  }
}

function homeOf(environment: Environment): string {
  return environment['HOME'] ?? environment['USERPROFILE'] ?? homedir();
}
