import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'node:test';
import { makeScratch } from '../../../../tools/scratch.ts';

const run = promisify(execFile);
const day = 24 * 60 * 60 * 1000;

export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly fingerprint256: string;
}

export interface IssueOptions {
  /** Days from now. */
  readonly from?: number;
  readonly to?: number;
  readonly isAuthority?: boolean;
}

/** An authority as a company has one, made and used by OpenSSL's own program. */
export class Authority {
  readonly #folder: string;
  readonly pem: string;

  private constructor(folder: string, pem: string) {
    this.#folder = folder;
    this.pem = pem;
  }

  /** One that signs itself. */
  static async create(t: TestContext): Promise<Authority> {
    const folder = await newFolder(t);
    const subject = ['-subj', '/O=Tea Chest test/CN=Test authority', '-addext', 'keyUsage=critical,keyCertSign'];
    await run('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '3650',
        ...subject,
      ],
      ...['-keyout', join(folder, 'ca.key'), '-out', join(folder, 'ca.crt')],
    ]);
    return new Authority(folder, await readFile(join(folder, 'ca.crt'), 'utf8'));
  }

  /** One that another has signed. */
  static async below(t: TestContext, { cert, key }: Issued): Promise<Authority> {
    const folder = await newFolder(t);
    await writeFile(join(folder, 'ca.crt'), cert);
    await writeFile(join(folder, 'ca.key'), key);
    return new Authority(folder, cert);
  }

  /** A certificate for this machine's names, good for servers and clients. */
  async issue(name: string, { from = -30, to = 365, isAuthority = false }: IssueOptions = {}): Promise<Issued> {
    const at = (suffix: string): string => join(this.#folder, `${name}.${suffix}`);
    const made = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/O=Tea Chest test/CN=${name}`,
    ];
    await run('openssl', ['req', ...made, '-keyout', at('key'), '-out', at('csr')]);
    const dates = ['-startdate', asn1Time(from), '-enddate', asn1Time(to)];
    const files = ['-config', join(this.#folder, 'config'), '-in', at('csr'), '-out', at('crt')];
    await run('openssl', [
      'ca',
      '-batch',
      '-notext',
      ...dates,
      ...files,
      '-extensions',
      isAuthority ? 'authority' : 'leaf',
    ]);
    const cert = await readFile(at('crt'), 'utf8');
    const { fingerprint256 } = new X509Certificate(cert);
    const key = await readFile(at('key'), 'utf8');
    return { cert, key, fingerprint256: fingerprint256.replaceAll(':', '').toLowerCase() };
  }
}

/** Puts a file where docker looks for those of a registry, below a home folder. */
export async function putForDocker(home: string, host: string, name: string, content: string): Promise<string> {
  const folder = join(home, '.docker', 'certs.d', host);
  await mkdir(folder, { recursive: true });
  await appendFile(join(folder, name), content);
  return join(folder, name);
}

async function newFolder(t: TestContext): Promise<string> {
  const scratch = await makeScratch('authority');
  t.after(() => scratch.remove());
  await mkdir(join(scratch.path, 'issued'));
  await writeFile(join(scratch.path, 'index.txt'), '');
  await writeFile(join(scratch.path, 'config'), configFor(scratch.path));
  return scratch.path;
}

function asn1Time(days: number): string {
  return new Date(Date.now() + days * day).toISOString().replace(/[-:T]|\.\d+/g, '');
}

function configFor(folder: string): string {
  return `
[ca]
default_ca = here
[here]
database = ${folder}/index.txt
new_certs_dir = ${folder}/issued
certificate = ${folder}/ca.crt
private_key = ${folder}/ca.key
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
organizationName = optional
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = serverAuth,clientAuth
subjectAltName = DNS:localhost,IP:127.0.0.1,IP:127.0.0.2,IP:::1
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
`;
}
