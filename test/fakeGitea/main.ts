import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { defaultSeed, type Seed } from './model/seed.ts';
import type { FakeGiteaOptions } from './options.ts';
import { startFakeGitea } from './fakeGitea.ts';
import type { CertificateKind } from './tls/certificate.ts';

const help = `node test/fakeGitea/main.ts [--tls] [--certificate valid|expired|wrongHost] [--port N] [--version 1.26.4]
  [--flavour gitea|forgejo] [--sub-path /gitea] [--root-url URL] [--serve-direct] [--require-sign-in]

Starts the fake Gitea on 127.0.0.1 and prints one line of JSON: where it is, its certificate, and its users with
their passwords and a token each. FAKE_GITEA_ADMIN_PASSWORD and FAKE_GITEA_DEV_PASSWORD set the passwords of
giteaAdmin and dev; without them they are random. Ends at SIGINT or SIGTERM and removes what it stored.
`;

const { values } = parseArgs({
  options: {
    tls: { type: 'boolean', default: false },
    certificate: { type: 'string', default: 'valid' },
    port: { type: 'string', default: '0' },
    version: { type: 'string' },
    flavour: { type: 'string', default: 'gitea' },
    'sub-path': { type: 'string' },
    'root-url': { type: 'string' },
    'serve-direct': { type: 'boolean', default: false },
    'require-sign-in': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(help);
} else {
  await run();
}

async function run(): Promise<void> {
  const seed = seedFromEnvironment();
  const fakeGitea = await startFakeGitea({ ...installation(), seed });
  const users = seed.users.map(({ name, password, admin }) => ({
    name,
    password,
    admin: admin === true,
    token: fakeGitea.createToken(name, ['write:package', 'read:user', 'read:organization', 'read:repository']),
  }));
  const { url, origin, host, certificatePem, fingerprint256 } = fakeGitea;
  const organizations = seed.organizations.map(({ name }) => name);
  const line = { pid: process.pid, url, origin, host, fingerprint256, certificatePem, users, organizations };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void fakeGitea.close().then(() => process.exit(0)));
  }
}

function installation(): FakeGiteaOptions {
  return {
    port: Number(values.port),
    flavour: oneOf('flavour', values.flavour, ['gitea', 'forgejo']),
    serveDirect: values['serve-direct'],
    requireSignIn: values['require-sign-in'],
    ...(values.tls
      ? { tls: oneOf<CertificateKind>('certificate', values.certificate, ['valid', 'expired', 'wrongHost']) }
      : {}),
    ...(values.version === undefined ? {} : { version: values.version }),
    ...(values['sub-path'] === undefined ? {} : { subPath: values['sub-path'] }),
    ...(values['root-url'] === undefined ? {} : { rootUrl: values['root-url'] }),
  };
}

function seedFromEnvironment(): Seed {
  const passwords: Record<string, string | undefined> = {
    giteaAdmin: process.env['FAKE_GITEA_ADMIN_PASSWORD'],
    dev: process.env['FAKE_GITEA_DEV_PASSWORD'],
  };
  const random = (): string => randomBytes(12).toString('base64url');
  return {
    ...defaultSeed,
    users: defaultSeed.users.map((user) => ({ ...user, password: passwords[user.name] ?? random() })),
  };
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new Error(`--${option} must be one of ${allowed.join(', ')}, not ${value}`);
  return found;
}
